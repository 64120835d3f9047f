use std::time::Duration;

use http::StatusCode;
use tower_weir::cache::rules::*;

use super::{fields, freshness, freshness_under, secs, timing};

/// Seconds of freshness, and who gives them.
fn lifetime(rules: &Rules, response: &str) -> (u64, Lifetime) {
    let freshness = freshness_under(rules, 200, response);
    (freshness.lifetime().as_secs(), freshness.source())
}

const MOST: u64 = u32::MAX as u64;

/// RFC 9111 section 4.2.1.
#[test]
fn the_lifetime_is_that_of_the_first_that_says_one() {
    for (response, expected) in [
        ("cache-control: max-age=60", 60),
        ("cache-control: s-maxage=60", 60),
        ("cache-control: max-age=1, s-maxage=3600", 3_600),
        ("cache-control: s-maxage=3600, max-age=1", 3_600),
        ("cache-control: max-age=3600, s-maxage=1", 1),
        ("cache-control: max-age=3600\ncache-control: s-maxage=1", 1),
        ("cache-control: max-age=0, s-maxage=3600\nexpires: @-10", 3_600),
        ("cache-control: s-maxage=0, max-age=3600", 0),
        ("cache-control: s-maxage=x, max-age=3600", 0),
        ("date: @0\nexpires: @60", 60),
        ("cache-control: max-age=3600\nexpires: @-7200\ndate: @0", 3_600),
        ("cache-control: max-age=3600\nexpires: 0\ndate: @0", 3_600),
        ("cache-control: max-age=0\nexpires: @3600\ndate: @0", 0),
        ("cache-control: max-age=x\nexpires: @3600\ndate: @0", 0),
        ("cache-control: foobar, max-age=3600", 3_600),
        ("cache-control: public\nexpires: @3600\ndate: @0", 3_600),
    ] {
        assert_eq!(lifetime(&Rules::new(), response), (expected, Lifetime::Explicit), "{response}");
    }
    assert_eq!(lifetime(&Rules::new(), ""), (0, Lifetime::Unknown));
}

/// RFC 9111 sections 1.2.2 and 4.2.1, and 5.2 for quotes.
#[test]
fn a_number_of_seconds_is_digits_and_anything_else_is_none_at_all() {
    for (argument, expected) in [
        ("0", 0),
        ("1", 1),
        ("003600", 3_600),
        ("\"3600\"", 3_600),
        ("2147483647", 2_147_483_647),
        ("2147483648", 2_147_483_648),
        ("2147483649", 2_147_483_649),
        ("4294967295", MOST),
        ("4294967296", MOST),
        ("99999999999", MOST),
        ("99999999999999999999999999", MOST),
        ("", 0),
        ("\"\"", 0),
        ("\" 3600 \"", 0),
        ("-1", 0),
        ("-3600", 0),
        ("+3600", 0),
        ("3600.0", 0),
        ("3600.5", 0),
        ("1e3", 0),
        ("0x10", 0),
        ("a3600", 0),
        ("3600a", 0),
        ("3600s", 0),
        ("'3600'", 0),
        (" 3600", 0),
        ("3600 0", 0),
        ("3600;x", 0),
        ("3600=1", 0),
        ("\"3600", 0),
        ("3600\"", 0),
        ("\"36\"00", 0),
        ("\"36\\00\"", 0),
        ("\u{663}", 0),
    ] {
        for name in ["max-age", "s-maxage", "Max-Age", "S-MaxAge"] {
            let response = format!("cache-control: {name}={argument}\nexpires: @3600");
            let found = lifetime(&Rules::new(), &response);
            assert_eq!(found, (expected, Lifetime::Explicit), "{response}");
        }
    }
}

#[test]
fn a_directive_without_its_number_or_with_a_space_before_it_gives_no_lifetime() {
    for response in [
        "max-age",
        "s-maxage",
        "max-age =3600",
        "max-age= 3600",
        "max-age = 3600",
        "max-age\t=3600",
    ] {
        let response = format!("cache-control: {response}\nexpires: @3600\ndate: @0");
        assert_eq!(lifetime(&Rules::new(), &response).0, 0, "{response}");
    }
}

/// RFC 9111 section 4.2.1: of what is said twice the safest may be taken.
#[test]
fn of_several_lifetimes_the_shortest_counts() {
    for (response, expected) in [
        ("cache-control: max-age=3600, max-age=1800", 1_800),
        ("cache-control: max-age=1800, max-age=3600", 1_800),
        ("cache-control: max-age=1800\ncache-control: max-age=1", 1),
        ("cache-control: max-age=1\ncache-control: max-age=1800", 1),
        ("cache-control: max-age=1800, MAX-AGE=1", 1),
        ("cache-control: max-age=1800, max-age=x", 0),
        ("cache-control: s-maxage=1800, s-maxage=5", 5),
        ("cache-control: max-age=60, max-age=60", 60),
        ("cache-control: extension=\"max-age=3600\", max-age=1", 1),
        ("cache-control: max-age=1, extension=\"max-age=3600\"", 1),
        ("cache-control: extension=\"max-age=3600\", max-age=\"1\"", 1),
        ("cache-control: extension=\"max-age=1\", max-age=3600", 3_600),
        ("cache-control: extension=\"\\\", max-age=1\", max-age=3600", 3_600),
    ] {
        assert_eq!(lifetime(&Rules::new(), response).0, expected, "{response}");
    }
}

#[test]
fn the_default_ttl_is_for_what_says_nothing() {
    let rules = Rules::new().default_ttl(Duration::from_millis(30_900));
    for (response, expected) in [
        ("", (30, Lifetime::Default)),
        ("etag: \"a\"\nlast-modified: @-86400", (30, Lifetime::Default)),
        ("cache-control: public", (30, Lifetime::Default)),
        ("cache-control: must-revalidate", (30, Lifetime::Default)),
        ("cache-control: max-age=0", (0, Lifetime::Explicit)),
        ("cache-control: max-age=", (0, Lifetime::Explicit)),
        ("expires: never", (0, Lifetime::Explicit)),
        ("cdn-cache-control: max-age=5", (5, Lifetime::Explicit)),
        ("cdn-cache-control: public\nexpires: @3600", (30, Lifetime::Default)),
    ] {
        assert_eq!(lifetime(&rules, response), expected, "{response}");
    }
    let forever = Rules::new().default_ttl(Duration::MAX);
    assert_eq!(lifetime(&forever, "").0, MOST);
}

#[test]
fn a_lifetime_that_the_cache_gives_counts_from_when_the_response_came() {
    let rules = Rules::new().default_ttl(secs(10));
    let slow = Timing { requested: timing().received - secs(30), ..timing() };
    let of = |response: &str| {
        let headers = fields(response);
        let control = ResponseControl::of(&headers, &[]);
        Freshness::of(StatusCode::OK, &headers, &control, slow, &rules)
    };
    assert!(of("date: @0").is_fresh(secs(9)));
    assert!(!of("cache-control: max-age=10").is_fresh(secs(0)));
    assert!(of("cache-control: max-age=31").is_fresh(Duration::from_millis(999)));
}

#[test]
fn a_response_is_fresh_while_its_age_is_less_than_its_lifetime() {
    let freshness = freshness("cache-control: max-age=60\nage: 20");
    for (resident, fresh, age, ttl) in [
        (0, true, 20, 40),
        (999, true, 20, 39),
        (1_000, true, 21, 39),
        (39_999, true, 59, 0),
        (40_000, false, 60, 0),
        (40_001, false, 60, -1),
        (41_000, false, 61, -1),
        (100_000, false, 120, -60),
    ] {
        let resident = Duration::from_millis(resident);
        assert_eq!(freshness.is_fresh(resident), fresh, "{resident:?}");
        assert_eq!(freshness.age(resident), age, "{resident:?}");
        assert_eq!(freshness.ttl(resident), ttl, "{resident:?}");
    }
}

#[test]
fn the_longest_times_overflow_nothing() {
    let freshness = freshness("cache-control: max-age=99999999999\nage: 99999999999");
    assert!(!freshness.is_fresh(Duration::ZERO));
    assert!(!freshness.is_fresh(Duration::MAX));
    assert_eq!(freshness.age(Duration::MAX), 2_147_483_648);
    assert!(freshness.ttl(Duration::MAX) < 0);
}

#[test]
fn it_is_small_enough_to_be_copied_about() {
    assert!(size_of::<Freshness>() <= 40, "{}", size_of::<Freshness>());
}
