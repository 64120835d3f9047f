use http::HeaderName;
use tower_weir::cache::rules::*;

use super::{fields, now};

fn kept(lines: &str) -> http::HeaderMap {
    let headers = fields(lines);
    let control = ResponseControl::of(&headers, &[]);
    storable_fields(&headers, &control, now())
}

/// RFC 9111 section 3.1, RFC 9110 section 7.6.1.
#[test]
fn fields_of_the_connection_are_not_stored() {
    for (line, is_kept) in [
        ("x-any: a", true),
        ("cache-control: max-age=60", true),
        ("cdn-cache-control: max-age=60", true),
        ("content-encoding: gzip", true),
        ("content-length: 10", true),
        ("content-range: bytes 0-1/2", true),
        ("etag: \"a\"", true),
        ("expires: @60", true),
        ("set-cookie: a=b", true),
        ("clear-site-data: cache", true),
        ("trailer: x", true),
        ("via: 1.1 x", true),
        ("cache-status: inner; hit", true),
        ("age: 5", false),
        ("connection: close", false),
        ("keep-alive: timeout=5", false),
        ("proxy-authenticate: Basic", false),
        ("proxy-authentication-info: x", false),
        ("proxy-authorization: Basic x", false),
        ("proxy-connection: close", false),
        ("te: trailers", false),
        ("transfer-encoding: chunked", false),
        ("upgrade: h2c", false),
    ] {
        let lines = format!("date: @0\nother: 1\n{line}");
        let expected = if is_kept { fields(&lines) } else { fields("date: @0\nother: 1") };
        assert_eq!(kept(&lines), expected, "{line}");
        let name = HeaderName::from_bytes(line.split(':').next().unwrap().as_bytes()).unwrap();
        assert_eq!(is_connection_field(&name), !is_kept && name != "age", "{line}");
    }
}

#[test]
fn fields_that_connection_names_are_not_stored() {
    for connection in ["a, b", "A,B", "close, a\nconnection: b", "a,,b,c d"] {
        let lines = format!("connection: {connection}\na: 1\nb: 2\nc: 3\nc: 4\ndate: @0");
        assert_eq!(kept(&lines), fields("c: 3\nc: 4\ndate: @0"), "{connection}");
    }
}

/// RFC 9111 sections 5.2.2.4 and 5.2.2.7.
#[test]
fn fields_that_no_cache_and_private_name_are_not_stored() {
    for (directives, expected) in [
        ("max-age=60, no-cache=\"a\"", "b: 2\nb: 3\nc: 4"),
        ("max-age=60, no-cache=\"A, b\"", "c: 4"),
        ("max-age=60, private=\"b\"", "a: 1\nc: 4"),
        ("max-age=60, private=\"b\", no-cache=\"c\"", "a: 1"),
        ("max-age=60, private=\"z\"", "a: 1\nb: 2\nb: 3\nc: 4"),
    ] {
        let line = format!("cache-control: {directives}\ndate: @0");
        let found = kept(&format!("{line}\na: 1\nb: 2\nb: 3\nc: 4"));
        assert_eq!(found, fields(&format!("{line}\n{expected}")), "{directives}");
    }
}

/// RFC 9110 section 6.6.1.
#[test]
fn a_response_without_a_date_is_stored_with_that_of_when_it_came() {
    assert_eq!(kept("x: 1"), fields("x: 1\ndate: @0"));
    assert_eq!(kept("date: @-5"), fields("date: @-5"));
    assert_eq!(kept("date: foo"), fields("date: foo"));
}
