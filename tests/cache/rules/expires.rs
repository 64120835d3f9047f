use std::time::Duration;

use tower_weir::cache::rules::*;

use super::freshness;

/// RFC 9111 section 5.3. The text is in GMT, and now is the 14th of November 2023, 22:13:20.
#[test]
fn expires_less_date_is_the_lifetime_and_what_is_no_date_has_expired() {
    for (lines, expected) in [
        ("expires: @60", 60),
        ("expires: @60\ndate: @0", 60),
        ("expires: @60\ndate: @-10", 70),
        ("expires: @60\ndate: @10", 50),
        ("expires: @0\ndate: @0", 0),
        ("expires: @-60\ndate: @0", 0),
        ("expires: @300\ndate: @400", 0),
        ("expires: @2592000\ndate: @0", 2_592_000),
        ("expires: @10\ndate: foo", 10),
        ("expires: @60\nexpires: @60\ndate: @0", 60),
        ("expires: @60\nexpires: @30\ndate: @0", 30),
        ("expires: @60\nexpires: x\ndate: @0", 0),
        ("expires: 0\ndate: @0", 0),
        ("expires: -1\ndate: @0", 0),
        ("expires:\ndate: @0", 0),
        ("expires: 1700003600\ndate: @0", 0),
        ("expires: Tue, 14 Nov 2023 22:14:20 GMT", 60),
        ("expires: Tue, 14 Nov 2023 22:14:20 GMT, Tue, 14 Nov 2023 22:14:20 GMT", 0),
        ("expires: Tuesday, 14-Nov-23 22:14:20 GMT", 60),
        ("expires: Tue Nov 14 22:14:20 2023", 60),
        ("expires: TUE, 14 Nov 2023 22:14:20 GMT", 60),
        ("expires: Tue, 14 NOV 2023 22:14:20 GMT", 60),
        ("expires: Tue, 14 Nov 2023 22:14:20 gMT", 60),
        ("expires: Tue, 14 Nov 2023 22:14:20 UTC", 0),
        ("expires: Tue, 14 Nov 2023 22:14:20 AEST", 0),
        ("expires: Tue, 14 Nov 2023 22:14:20 +0000", 0),
        ("expires: Tue, 14 Nov 2023 22:14:20", 0),
        ("expires: Tue, 14 Nov 23 22:14:20 GMT", 0),
        ("expires: Tue 14 Nov 2023 22:14:20 GMT", 0),
        ("expires: Tue, 14  Nov  2023 22:14:20 GMT", 0),
        ("expires: Tue, 14-Nov-2023 22:14:20 GMT", 0),
        ("expires: Tue, 14 Nov 2023 22.14.20 GMT", 0),
        ("expires: Wed, 15 Nov 2023 2:14:20 GMT", 0),
        ("expires: 14 Nov 2023 22:14:20 GMT", 0),
        ("expires: 2023-11-14T22:14:20Z", 0),
    ] {
        let found = freshness(lines);
        assert_eq!(found.lifetime().as_secs(), expected, "{lines}");
        assert_eq!(found.source(), Lifetime::Explicit, "{lines}");
    }
}

#[test]
fn expires_far_in_the_future_is_as_far_as_can_be_counted() {
    for (expires, at_least) in [
        ("Tue, 19 Jan 2038 14:14:08 GMT", 400_000_000),
        ("Sun, 21 Nov 2286 04:46:39 GMT", u32::MAX.into()),
        ("Fri, 31 Dec 9999 23:59:59 GMT", u32::MAX.into()),
    ] {
        let freshness = freshness(&format!("expires: {expires}\ndate: @0"));
        assert!(freshness.lifetime() >= Duration::from_secs(at_least), "{expires}");
    }
}
