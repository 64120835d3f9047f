use http::Method;
use tower_weir::cache::rules::*;

use super::stored_under;

const REQUEST: &str = "authorization: Bearer abc";

/// RFC 9111 section 3.5.
#[test]
fn answers_to_authorized_requests_are_stored_only_if_they_say_that_they_may_be_shared() {
    let declared = Rules::new();
    let for_all = declared.clone().authorized(AuthorizedResponses::SharePrivateDataWithEveryone);
    for (response, shareable) in [
        ("cache-control: max-age=60", false),
        ("expires: @60", false),
        ("cache-control: max-age=60, public", true),
        ("cache-control: max-age=60, must-revalidate", true),
        ("cache-control: s-maxage=60", true),
        ("cdn-cache-control: max-age=60, public", true),
        ("cdn-cache-control: max-age=60\ncache-control: public", false),
        ("cache-control: max-age=60, proxy-revalidate", false),
        ("cache-control: max-age=60, immutable", false),
        ("cache-control: max-age=60, no-transform", false),
        ("cache-control: max-age=60, stale-while-revalidate=60", false),
        // What is not written well grants nothing.
        ("cache-control: max-age=60, public=x", false),
        ("cache-control: public; max-age=60\nexpires: @60\netag: \"a\"", false),
        ("cache-control: s-maxage=abc\netag: \"a\"", false),
        ("cache-control: s-maxage=0\netag: \"a\"", false),
        ("cache-control: max-age=60, x=\"public\"", false),
    ] {
        let expected = if shareable { Ok(()) } else { Err(Refusal::Authorization) };
        let found = stored_under(&declared, &Method::GET, REQUEST, 200, response);
        assert_eq!(found, expected, "{response}");
        let found = stored_under(&for_all, &Method::GET, REQUEST, 200, response);
        assert_eq!(found, Ok(()), "{response}");
    }
}

#[test]
fn a_default_ttl_shares_no_answer_to_an_authorized_request() {
    let rules = Rules::new().default_ttl(super::secs(60)).heuristic(Heuristic::new());
    for response in ["", "last-modified: @-86400"] {
        let found = stored_under(&rules, &Method::GET, REQUEST, 200, response);
        assert_eq!(found, Err(Refusal::Authorization));
        assert_eq!(stored_under(&rules, &Method::GET, "", 200, response), Ok(()));
    }
}

#[test]
fn private_forbids_it_even_where_private_data_is_shared_otherwise() {
    let rules = Rules::new().authorized(AuthorizedResponses::SharePrivateDataWithEveryone);
    let response = "cache-control: private, max-age=60";
    let found = stored_under(&rules, &Method::GET, REQUEST, 200, response);
    assert_eq!(found, Err(Refusal::Private));
}
