use http::{Method, StatusCode};
use tower_weir::cache::rules::*;

use super::{fields, now};

fn answered_by_304(request: &str, stored: &str) -> bool {
    not_modified(&Method::GET, &fields(request), StatusCode::OK, &fields(stored), now())
}

/// RFC 9110 section 13.1.2.
#[test]
fn if_none_match_holds_a_tag_that_is_weakly_the_same() {
    for (stored, request, expected) in [
        ("\"a\"", "\"a\"", true),
        ("\"a\"", "\"b\"", false),
        ("\"a\"", "W/\"a\"", true),
        ("W/\"a\"", "\"a\"", true),
        ("W/\"a\"", "W/\"a\"", true),
        ("\"a\"", "\"a\", \"b\", \"c\"", true),
        ("\"a\"", "\"b\", \"a\", \"c\"", true),
        ("\"a\"", "\"b\",\"c\" ,\t\"a\"", true),
        ("\"a\"", "\"b\"\nif-none-match: \"a\"", true),
        ("\"a\"", ", ,\"a\"", true),
        ("\"a\"", "*", true),
        ("\"a\"", " * ", true),
        ("\"a,b\"", "\"a,b\"", true),
        ("\"a\"", "\"x,\"a\"", false),
        ("\"\"", "\"\"", true),
        ("\"\u{fc}\"", "\"\u{fc}\"", true),
        ("\"a\"", "\"A\"", false),
        ("\"a\"", "", false),
        // Not written well: the whole is the answer.
        ("\"a\"", "a", false),
        ("a", "a", false),
        ("a", "\"a\"", false),
        ("w/\"a\"", "w/\"a\"", false),
        ("W\\\"a\"", "W\\\"a\"", false),
        ("W\"a\"", "W\"a\"", false),
        ("\"a\"", "\"a", false),
        ("\"a\"", "\"a\"b", false),
        ("\"a\"", "x, \"a\"", false),
        ("\"a b\"", "\"a b\"", false),
        ("\"a\"\netag: \"a\"", "\"a\"", false),
    ] {
        let found =
            answered_by_304(&format!("if-none-match: {request}"), &format!("etag: {stored}"));
        assert_eq!(found, expected, "{stored} asked for with {request}");
    }
    assert!(!answered_by_304("if-none-match: \"a\"", ""));
    assert!(answered_by_304("if-none-match: *", ""));
}

/// RFC 9110 section 13.1.3, RFC 9111 section 4.3.2.
#[test]
fn if_modified_since_is_not_before_the_last_change() {
    for (stored, since, expected) in [
        ("last-modified: @-3000", "@-3000", true),
        ("last-modified: @-3000", "@-2999", true),
        ("last-modified: @-3000", "@-3001", false),
        ("last-modified: @-3000", "Tuesday, 14-Nov-23 22:13:20 GMT", true),
        ("last-modified: @-3000", "Tue Nov 14 22:13:20 2023", true),
        ("last-modified: @-3000", "Tue, 14 Nov 2023 22:13:20", false),
        ("last-modified: @-3000", "yesterday", false),
        ("last-modified: @-3000", "", false),
        ("last-modified: @-3000", "@0\nif-modified-since: @0", false),
        ("last-modified: x", "@0", false),
        ("last-modified: @-3000\nlast-modified: @-3000", "@0", false),
        // Without it the Date counts, and without that when it came.
        ("date: @-10", "@-10", true),
        ("date: @-10", "@-11", false),
        ("date: x", "@0", true),
        ("", "@0", true),
        ("", "@-1", false),
        ("date: @-10\nlast-modified: @-3000", "@-3000", true),
    ] {
        let found = answered_by_304(&format!("if-modified-since: {since}"), stored);
        assert_eq!(found, expected, "{stored} since {since}");
    }
}

/// RFC 9110 section 13.2.2.
#[test]
fn if_modified_since_does_not_count_beside_if_none_match() {
    let stored = "etag: \"a\"\nlast-modified: @-5000";
    for (request, expected) in [
        ("if-none-match: \"a\"\nif-modified-since: @-9000", true),
        ("if-none-match: \"b\"\nif-modified-since: @0", false),
        ("if-none-match: x\nif-modified-since: @0", false),
        ("if-modified-since: @0", true),
        ("", false),
    ] {
        assert_eq!(answered_by_304(request, stored), expected, "{request}");
    }
}

/// RFC 9110 sections 13.2.1, 13.1.2 and 13.1.3.
#[test]
fn conditions_count_for_get_and_head_and_for_what_is_there() {
    let (request, stored) = (fields("if-none-match: *"), fields("etag: \"a\""));
    for (method, status, expected) in [
        (Method::GET, 200, true),
        (Method::HEAD, 200, true),
        (Method::POST, 200, false),
        (Method::PUT, 200, false),
        (Method::GET, 203, true),
        (Method::GET, 204, true),
        (Method::GET, 301, false),
        (Method::GET, 404, false),
        (Method::GET, 500, false),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let found = not_modified(&method, &request, status, &stored, now());
        assert_eq!(found, expected, "{method} {status}");
    }
}

/// RFC 9111 section 4.3.2.
#[test]
fn conditions_that_only_an_origin_can_judge_are_passed_on() {
    for (request, expected) in [
        ("if-match: \"a\"", true),
        ("if-match: *", true),
        ("if-unmodified-since: @0", true),
        ("if-unmodified-since: x", true),
        ("if-none-match: \"a\"", false),
        ("if-modified-since: @0", false),
        ("if-range: \"a\"", false),
        ("", false),
    ] {
        assert_eq!(must_forward(&fields(request)), expected, "{request}");
    }
}

/// RFC 9110 section 15.4.5.
#[test]
fn a_304_carries_what_a_200_would_but_what_describes_the_content() {
    let content = "content-type: a/b\ncontent-length: 3\ncontent-encoding: gzip\n\
                   content-language: de\ncontent-md5: x\nrepr-digest: x\ncontent-digest: x";
    let kept = "cache-control: max-age=1\ncontent-location: /a\ndate: @0\netag: \"a\"\n\
                expires: @5\nvary: x\nset-cookie: a=b\nset-cookie: c=d\naccess-control-allow-origin: *";
    let stored = fields(&format!("{content}\n{kept}\nlast-modified: @-60"));
    assert_eq!(not_modified_fields(&stored), fields(kept));

    let untagged = fields(&format!("{content}\ndate: @0\nlast-modified: @-60"));
    assert_eq!(not_modified_fields(&untagged), fields("date: @0\nlast-modified: @-60"));
}
