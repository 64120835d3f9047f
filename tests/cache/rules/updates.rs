use std::time::Duration;

use http::StatusCode;
use tower_weir::cache::rules::*;

use super::{fields, now, timing};

/// RFC 9111 section 3.2.
#[test]
fn a_304_replaces_the_stored_fields_that_it_has() {
    for name in [
        "test-header",
        "x-test-header",
        "content-foo",
        "x-content-foo",
        "cache-control",
        "content-location",
        "content-security-policy",
        "content-type",
        "content-language",
        "clear-site-data",
        "expires",
        "public-key-pins",
        "set-cookie",
        "set-cookie2",
        "x-frame-options",
        "x-xss-protection",
        "last-modified",
        "vary",
        "cdn-cache-control",
    ] {
        let stored = fields(&format!("{name}: a1\n{name}: a2\nother: x\ndate: @-60"));
        let updated =
            updated(&stored, &fields(&format!("{name}: b1\n{name}: b2\ndate: @0")), now());
        let expected = fields(&format!("{name}: b1\n{name}: b2\nother: x\ndate: @0"));
        assert_eq!(updated, expected, "{name}");
    }
}

#[test]
fn what_describes_the_stored_bytes_stays_and_what_is_of_the_connection_does_not_come() {
    for name in [
        "content-length",
        "content-encoding",
        "content-range",
        "content-md5",
        "content-digest",
        "repr-digest",
        "digest",
        "etag",
    ] {
        let stored = fields(&format!("{name}: a\ndate: @0"));
        let updated = updated(&stored, &fields(&format!("{name}: b")), now());
        assert_eq!(updated, stored, "{name}");
    }
    for name in [
        "connection",
        "keep-alive",
        "proxy-connection",
        "proxy-authenticate",
        "proxy-authentication-info",
        "proxy-authorization",
        "te",
        "transfer-encoding",
        "upgrade",
        "content-length",
        "content-encoding",
    ] {
        let newer = fields(&format!("{name}: b"));
        assert_eq!(updated(&fields("date: @0"), &newer, now()), fields("date: @0"), "{name}");
    }
    let nominated = fields("connection: a\na: 2\nb: 2");
    let found = updated(&fields("a: 1\nb: 1\ndate: @0"), &nominated, now());
    assert_eq!(found, fields("a: 1\nb: 2\ndate: @0"));
}

#[test]
fn fields_that_are_new_are_added_and_the_others_kept() {
    let stored = fields("etag: \"a\"\nx: 1\ndate: @-60");
    let found = updated(&stored, &fields("etag: \"a\"\ny: 2\ny: 3\ndate: @-1"), now());
    assert_eq!(found, fields("etag: \"a\"\nx: 1\ny: 2\ny: 3\ndate: @-1"));
    // A tag, where there was none.
    assert_eq!(
        updated(&fields("date: @0"), &fields("etag: \"a\""), now()),
        fields("date: @0\netag: \"a\"")
    );
}

/// RFC 9110 section 6.6.1: without a `Date` it is as if it had been sent when it came.
#[test]
fn the_date_and_age_are_those_of_the_304() {
    let stored = fields("cache-control: max-age=60\ndate: @-3600");
    for (newer, expected) in [("", 0), ("date: @-5", 5), ("age: 7", 7), ("date: @-5\nage: 7", 7)] {
        let updated = updated(&stored, &fields(newer), now());
        let control = ResponseControl::of(&updated, &[]);
        let freshness = Freshness::of(StatusCode::OK, &updated, &control, timing(), &Rules::new());
        assert_eq!(freshness.age(Duration::ZERO), expected, "{newer}");
        let kept = storable_fields(&updated, &control, now());
        assert!(!kept.contains_key("age"));
    }
}
