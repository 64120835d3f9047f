use std::time::Duration;

use http::StatusCode;
use tower_weir::cache::rules::*;

use super::{fields, freshness, secs, timing};

/// RFC 9111 section 5.1.
#[test]
fn the_age_field_is_one_number_and_anything_else_is_as_old_as_can_be() {
    // What is more than can be, and what is not known (section 1.2.2).
    const OLD: u64 = 2_147_483_648;
    for (lines, expected) in [
        ("", 0),
        ("age: 0", 0),
        ("age: 15", 15),
        ("age:  15", 15),
        ("age: 0015", 15),
        ("age: 2147483647", 2_147_483_647),
        ("age: 2147483648", 2_147_483_648),
        ("age: 99999999999", OLD),
        ("age: 99999999999999999999999999", OLD),
        ("age:", OLD),
        ("age: abc", OLD),
        ("age: -7200", OLD),
        ("age: 7200.0", OLD),
        ("age: 7200;foo=bar", OLD),
        ("age: 7200;foo=111", OLD),
        ("age: \"0\"", OLD),
        ("age: 7200,0", OLD),
        ("age: 0,7200", OLD),
        ("age: 0, 0", OLD),
        ("age: 7200\nage: 0", OLD),
        ("age: 0\nage: 7200", OLD),
        ("age: 0\nage: 0", OLD),
    ] {
        let freshness = freshness(&format!("cache-control: max-age=3600\ndate: @0\n{lines}"));
        assert_eq!(freshness.age(Duration::ZERO), expected, "{lines}");
        assert_eq!(freshness.is_fresh(Duration::ZERO), expected < 3_600, "{lines}");
    }
}

/// RFC 9111 section 4.2.3.
#[test]
fn the_initial_age_is_the_greater_of_what_is_told_and_what_shows() {
    for (section, lines, delay, expected) in [
        ("age_value", "date: @0\nage: 20", 0, 20_000),
        ("response_delay", "date: @0", 1_500, 1_500),
        ("corrected_age_value", "date: @0\nage: 20", 1_500, 21_500),
        ("apparent_age", "date: @-7200", 0, 7_200_000),
        ("apparent_age", "date: @-7200", 1_500, 7_200_000),
        ("the greater", "date: @-7200\nage: 20", 1_500, 7_200_000),
        ("the greater", "date: @-10\nage: 25", 0, 25_000),
        ("a clock that is fast", "date: @7200", 0, 0),
        ("a clock that is fast", "date: @7200\nage: 3", 0, 3_000),
        ("no Date", "age: 3", 0, 3_000),
        ("a Date that is none", "date: foo\nage: 3", 0, 3_000),
        ("two Dates", "date: @-60\ndate: @-60", 0, 0),
    ] {
        let headers = fields(&format!("cache-control: max-age=99999\n{lines}"));
        let control = ResponseControl::of(&headers, &[]);
        let requested = timing().received - Duration::from_millis(delay);
        let timing = Timing { requested, ..timing() };
        let freshness = Freshness::of(StatusCode::OK, &headers, &control, timing, &Rules::new());
        let resident = Duration::from_millis(250);
        let age = Duration::from_millis(expected) + resident;
        assert_eq!(freshness.age(resident), age.as_secs(), "{section}: {lines}");
        // To the millisecond.
        let left = secs(99_999) - age;
        assert!(freshness.is_fresh(resident + left - Duration::from_millis(1)), "{section}");
        assert!(!freshness.is_fresh(resident + left), "{section}: {lines}");
    }
}

#[test]
fn a_response_that_came_before_it_was_asked_for_has_no_delay() {
    let headers = fields("cache-control: max-age=60");
    let control = ResponseControl::of(&headers, &[]);
    let timing = Timing { requested: timing().received + secs(5), ..timing() };
    let freshness = Freshness::of(StatusCode::OK, &headers, &control, timing, &Rules::new());
    assert_eq!(freshness.age(Duration::ZERO), 0);
}

/// RFC 9111 section 4.2: an age beyond the lifetime is stale, whatever says the lifetime.
#[test]
fn an_old_response_is_stale_when_it_comes() {
    for response in [
        "cache-control: max-age=3600\nage: 7200\ndate: @0",
        "cache-control: max-age=3600\nage: 3600\ndate: @0",
        "cdn-cache-control: max-age=3600\nage: 7200\ndate: @0",
        "cache-control: max-age=3600\ndate: @-7200",
        "expires: @10\ndate: @-10\nage: 25",
        "expires: @20\ndate: @10\nage: 15",
    ] {
        assert!(!freshness(response).is_fresh(Duration::ZERO), "{response}");
    }
    assert!(freshness("cache-control: max-age=3600\nage: 3599\ndate: @0").is_fresh(Duration::ZERO));
}
