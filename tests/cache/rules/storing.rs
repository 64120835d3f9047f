use http::Method;
use tower_weir::cache::rules::*;

use super::{fields, freshness_under, secs, stored, stored_under};

const OK: Result<(), Refusal> = Ok(());

#[test]
fn only_answers_to_get_are_stored() {
    for (section, method, expected) in [
        ("RFC 9110 9.3.1", Method::GET, OK),
        ("RFC 9110 9.3.2: it has no content", Method::HEAD, Err(Refusal::Method)),
        ("RFC 9110 9.3.3", Method::POST, Err(Refusal::Method)),
        ("RFC 9110 9.3.4", Method::PUT, Err(Refusal::Method)),
        ("RFC 9110 9.3.5", Method::DELETE, Err(Refusal::Method)),
        ("RFC 9110 9.3.7", Method::OPTIONS, Err(Refusal::Method)),
        ("RFC 9110 9.3.8", Method::TRACE, Err(Refusal::Method)),
        ("RFC 9110 9.3.6", Method::CONNECT, Err(Refusal::Method)),
        ("RFC 5789", Method::PATCH, Err(Refusal::Method)),
        ("unknown", Method::from_bytes(b"M-SEARCH").unwrap(), Err(Refusal::Method)),
        ("methods heed case", Method::from_bytes(b"get").unwrap(), Err(Refusal::Method)),
    ] {
        let found = stored_under(&Rules::new(), &method, "", 200, "cache-control: max-age=60");
        assert_eq!(found, expected, "{section} {method}");
    }
}

#[test]
fn a_response_is_stored_if_nothing_forbids_it_and_it_says_how_long_it_is_fresh() {
    for (section, response, expected) in [
        ("RFC 9111 3", "cache-control: max-age=60", OK),
        ("RFC 9111 3", "cache-control: s-maxage=60", OK),
        ("RFC 9111 3", "date: @0\nexpires: @60", OK),
        ("RFC 9111 3", "cache-control: public, max-age=60", OK),
        ("RFC 9111 3: unknown directives", "cache-control: max-age=60, community=\"UCI\"", OK),
        ("RFC 9111 5.2.2.5", "cache-control: no-store", Err(Refusal::NoStore)),
        ("RFC 9111 5.2.2.5", "cache-control: No-StOrE, max-age=60", Err(Refusal::NoStore)),
        (
            "RFC 9111 5.2.2.5",
            "cache-control: max-age=60\ncache-control: no-store",
            Err(Refusal::NoStore),
        ),
        ("RFC 9111 5.2.2.5", "cache-control: no-store=1, max-age=60", Err(Refusal::NoStore)),
        ("RFC 9111 5.2.2.5", "cache-control: no-store\nexpires: @60", Err(Refusal::NoStore)),
        ("RFC 9111 5.2.2.7", "cache-control: private, max-age=60", Err(Refusal::Private)),
        ("RFC 9111 5.2.2.7", "cache-control: PRIVATE, public, max-age=60", Err(Refusal::Private)),
        ("RFC 9111 5.2.2.7: a list", "cache-control: private=\"x-user\", max-age=60", OK),
        ("no list", "cache-control: private=\"\", max-age=60", Err(Refusal::Private)),
        ("no field", "cache-control: private=\"x user\", max-age=60", Err(Refusal::Private)),
        ("both", "cache-control: private=\"x-user\", private, max-age=60", Err(Refusal::Private)),
        ("semicolons", "cache-control: private; max-age=60", Err(Refusal::Private)),
        ("semicolons", "cache-control: max-age=60; no-store", Err(Refusal::NoStore)),
        ("open quote", "cache-control: max-age=60, x=\"y, no-store", Err(Refusal::NoStore)),
        ("open quote", "cache-control: max-age=60, x=\"y, private", Err(Refusal::Private)),
        ("closed quote", "cache-control: max-age=60, x=\"y, no-store\"", OK),
        ("RFC 9111 4.1", "cache-control: max-age=60\nvary: *", Err(Refusal::VaryAny)),
        (
            "RFC 9111 4.1",
            "cache-control: max-age=60\nvary: accept\nvary: x, *",
            Err(Refusal::VaryAny),
        ),
        ("invalid Vary", "cache-control: max-age=60\nvary: a b", Err(Refusal::VaryAny)),
        ("RFC 9111 4.1", "cache-control: max-age=60\nvary: accept, x-any", OK),
    ] {
        assert_eq!(stored("", response), expected, "{section}: {response}");
    }
}

#[test]
fn a_response_that_is_stale_from_the_start_is_stored_if_it_can_be_of_use() {
    for (section, response, expected) in [
        ("nobody says", "", Err(Refusal::NoFreshness)),
        ("nobody says", "etag: \"a\"", Err(Refusal::NoFreshness)),
        ("nobody says", "cache-control: public", Err(Refusal::NoFreshness)),
        ("nobody says", "cache-control: must-revalidate\netag: \"a\"", Err(Refusal::NoFreshness)),
        ("RFC 9111 5.2.2.4", "cache-control: no-cache\netag: \"a\"", OK),
        ("RFC 9111 5.2.2.4", "cache-control: no-cache\nlast-modified: @-60", OK),
        ("RFC 9111 5.2.2.4", "cache-control: no-cache, max-age=60\netag: \"a\"", OK),
        ("no validator", "cache-control: no-cache", Err(Refusal::NoFreshness)),
        ("no validator", "cache-control: no-cache, max-age=60", Err(Refusal::NoFreshness)),
        ("no validator", "cache-control: max-age=0", Err(Refusal::NoFreshness)),
        ("no validator", "cache-control: max-age=abc", Err(Refusal::NoFreshness)),
        ("no validator", "cache-control: max-age=-1", Err(Refusal::NoFreshness)),
        ("no validator", "expires: 0", Err(Refusal::NoFreshness)),
        ("no validator", "cache-control: max-age=60\nage: 60", Err(Refusal::NoFreshness)),
        ("no validator", "cache-control: max-age=60\nage: old", Err(Refusal::NoFreshness)),
        ("RFC 9111 4.3.1", "cache-control: max-age=0\netag: \"a\"", OK),
        ("RFC 9111 4.3.1", "expires: 0\netag: \"a\"", OK),
        ("RFC 9111 4.3.1", "expires: @-60\nlast-modified: @-600", OK),
        ("RFC 9111 4.3.1", "cache-control: max-age=60\nage: 60\netag: \"a\"", OK),
        ("RFC 5861 3", "cache-control: max-age=0, stale-while-revalidate=60", OK),
        ("RFC 5861 4", "cache-control: max-age=0, stale-if-error=60", OK),
        ("zero", "cache-control: max-age=0, stale-if-error=0", Err(Refusal::NoFreshness)),
        (
            "RFC 9111 5.2.2.2",
            "cache-control: max-age=0, must-revalidate, stale-if-error=60",
            Err(Refusal::NoFreshness),
        ),
    ] {
        assert_eq!(stored("", response), expected, "{section}: {response}");
    }
}

#[test]
fn a_response_that_sets_cookies_is_not_stored_unless_the_rules_share_them() {
    let sharing = Rules::new().cookies(CookieResponses::ShareCookies);
    for (response, expected) in [
        ("set-cookie: a=b", Err(Refusal::SetCookie)),
        ("set-cookie2: a=b", Err(Refusal::SetCookie)),
        ("set-cookie:", Err(Refusal::SetCookie)),
        ("cache-control: public\nset-cookie: a=b", Err(Refusal::SetCookie)),
        ("cache-control: no-cache=\"x\"\nset-cookie: a=b", Err(Refusal::SetCookie)),
        // These are stored without the cookie.
        ("cache-control: no-cache=\"Set-Cookie\"\nset-cookie: a=b", OK),
        ("cache-control: private=\"x, set-cookie\"\nset-cookie: a=b", OK),
        ("connection: set-cookie\nset-cookie: a=b", OK),
    ] {
        let response = format!("cache-control: max-age=60\n{response}");
        assert_eq!(stored("", &response), expected, "{response}");
        let shared = stored_under(&sharing, &Method::GET, "", 200, &response);
        assert_eq!(shared, OK, "{response}");
    }
}

#[test]
fn a_request_may_ask_that_its_answer_is_not_stored() {
    let honouring = Rules::new().request_directives(RequestDirectives::Honour);
    for (section, request, expected) in [
        ("RFC 9111 5.2.1.5", "cache-control: no-store", Err(Refusal::RequestNoStore)),
        ("RFC 9111 5.2.1.5", "cache-control: no-cache, NO-STORE", Err(Refusal::RequestNoStore)),
        ("not written well", "cache-control: no-store; x", Err(Refusal::RequestNoStore)),
        ("RFC 9111 5.2.1.4", "cache-control: no-cache", OK),
        ("RFC 9111 5.2.1.1", "cache-control: max-age=0", OK),
        ("RFC 9111 5.4", "pragma: no-store", OK),
        ("a cookie is no secret of the answer", "cookie: a=b", OK),
        ("a 200 to a range is whole", "range: bytes=0-1", OK),
    ] {
        for rules in [&Rules::new(), &honouring] {
            let found =
                stored_under(rules, &Method::GET, request, 200, "cache-control: max-age=60");
            assert_eq!(found, expected, "{section}: {request}");
        }
    }
}

#[test]
fn what_is_remembered_of_a_request_is_what_storing_needs() {
    let request = "authorization: Basic YQ==\ncookie: a=b\nrange: bytes=0-\ncache-control: no-cache, no-store";
    let asked = Asked::of(&Method::GET, &fields(request), &Rules::new());
    let control = RequestControl { no_store: true, ..RequestControl::NONE };
    assert_eq!(asked, Asked { get: true, authorization: true, cookie: true, range: true, control });
}

#[test]
fn each_refusal_has_its_own_word() {
    let all = [
        Refusal::Method,
        Refusal::Status,
        Refusal::Partial,
        Refusal::NoStore,
        Refusal::RequestNoStore,
        Refusal::Private,
        Refusal::Authorization,
        Refusal::Cookie,
        Refusal::SetCookie,
        Refusal::VaryAny,
        Refusal::MustUnderstand,
        Refusal::NoFreshness,
    ];
    let words: std::collections::BTreeSet<_> = all.iter().map(|refusal| refusal.as_str()).collect();
    assert_eq!(words.len(), all.len());
    assert!(words.iter().all(|word| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
}

#[test]
fn a_lifetime_that_the_response_does_not_give_is_not_for_what_may_be_of_one_session() {
    let rules = Rules::new().default_ttl(secs(60)).heuristic(Heuristic::new());
    for (response, expected) in [
        ("", Err(Refusal::Cookie)),
        ("last-modified: @-86400", Err(Refusal::Cookie)),
        ("vary: accept", Err(Refusal::Cookie)),
        ("cache-control: must-revalidate", Err(Refusal::Cookie)),
        ("cache-control: public", OK),
        ("cache-control: max-age=60", OK),
        ("cache-control: s-maxage=60", OK),
        ("expires: @60", OK),
        ("vary: cookie", OK),
        ("vary: accept, Cookie", OK),
    ] {
        let stored =
            |rules: &Rules, request| stored_under(rules, &Method::GET, request, 200, response);
        assert_eq!(stored(&rules, "cookie: a=b"), expected, "{response}");
        assert_eq!(stored(&rules, ""), OK, "{response}");
    }
}

/// RFC 9110 section 9.3.3.
#[test]
fn the_answer_to_a_post_is_that_to_a_get_if_it_says_so() {
    let uri = "/a/b?c".parse().unwrap();
    for (method, response, expected) in [
        (Method::POST, "expires: @60\ncontent-location: /a/b?c", true),
        (Method::POST, "cache-control: max-age=60\ncontent-location: b?c", true),
        (Method::POST, "cache-control: max-age=60\ncontent-location: http://here/a/b?c", true),
        (Method::POST, "cache-control: max-age=60\ncontent-location:", true),
        (Method::POST, "cache-control: max-age=60\ncontent-location: http://there/a/b?c", false),
        (Method::POST, "cache-control: max-age=60\ncontent-location: /a/b", false),
        (Method::POST, "cache-control: max-age=60\ncontent-location: /a/b?d", false),
        (
            Method::POST,
            "cache-control: max-age=60\ncontent-location: ?c\ncontent-location: ?c",
            false,
        ),
        (Method::POST, "cache-control: max-age=60", false),
        (Method::POST, "content-location: /a/b?c", false),
        (Method::PUT, "cache-control: max-age=60\ncontent-location: /a/b?c", false),
    ] {
        let request = fields("host: here");
        let target = Target::of(&uri, &request);
        let freshness = freshness_under(&Rules::new().default_ttl(secs(60)), 200, response);
        let found = answers_get(&method, target, &fields(response), &freshness);
        assert_eq!(found, expected, "{method} {response}");
    }
}
