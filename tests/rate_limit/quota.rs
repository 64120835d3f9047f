//! Quotas as values and as text.

use std::time::Duration;

use proptest::prelude::*;
use tower_weir::rate_limit::{Policy, Quota};

#[test]
fn five_per_second_are_five_per_second() {
    let quota = Quota::per_second(5);
    assert_eq!((quota.count(), quota.period()), (5, Duration::from_secs(1)));
    assert_eq!(quota.interval(), Duration::from_millis(200));
    assert_eq!(quota.burst_size(), 5);
    assert_eq!(Quota::per_minute(60).interval(), Duration::from_secs(1));
    assert_eq!(Quota::per_hour(1).interval(), Duration::from_secs(3_600));
    assert_eq!(Quota::per_day(1).interval(), Duration::from_secs(86_400));
    // Rounded up, so that never more than the rate pass.
    assert_eq!(Quota::per_second(3).interval(), Duration::from_nanos(333_333_334));
}

#[test]
fn texts_mean_what_they_say() {
    let minute = Duration::from_secs(60);
    for (text, quota) in [
        ("20/second", Quota::per_second(20)),
        ("20/s", Quota::per_second(20)),
        ("100/m", Quota::per_minute(100)),
        ("100/minute; burst=50", Quota::per_minute(100).burst(50)),
        ("1000/hour; burst=10; strict", Quota::per_hour(1000).burst(10).strict()),
        ("1000/hour; strict", Quota::per_hour(1000).strict()),
        ("1000/h;strict;burst=10", Quota::per_hour(1000).burst(10).strict()),
        ("5/d", Quota::per_day(5)),
        ("1 per 250ms", Quota::every(Duration::from_millis(250))),
        ("20 per second", Quota::per_second(20)),
        ("  3 / 10s ", Quota::try_new(3, Duration::from_secs(10)).unwrap()),
        ("7 per 2 minutes", Quota::try_new(7, 2 * minute).unwrap()),
        ("9/90us", Quota::try_new(9, Duration::from_micros(90)).unwrap()),
        ("1/1ns", Quota::every(Duration::from_nanos(1))),
    ] {
        assert_eq!(text.parse::<Quota>().as_ref(), Ok(&quota), "{text}");
    }
}

#[test]
fn errors_point_at_what_is_wrong() {
    let units = "second, minute, hour, day, or s, m, h, d";
    let number = "1 to 4294967295";
    for (text, problem) in [
        ("20/fortnight", format!("unknown unit `fortnight` at position 4; allowed: {units}")),
        ("20/5 parsecs", format!("unknown unit `parsecs` at position 6; allowed: {units}")),
        ("20/", format!("unknown unit `` at position 4; allowed: {units}")),
        ("20/10", format!("unknown unit `10` at position 4; allowed: {units}")),
        ("/s", format!("bad number of requests `` at position 1; allowed: {number}")),
        ("+3/s", format!("bad number of requests `+3` at position 1; allowed: {number}")),
        ("ten/s", format!("bad number of requests `ten` at position 1; allowed: {number}")),
        (
            "5000000000/s",
            format!("bad number of requests `5000000000` at position 1; allowed: {number}"),
        ),
        ("20/s; burst=-1", format!("bad burst `-1` at position 13; allowed: {number}")),
        (
            "20/s; brust=3",
            "unknown or repeated option `brust=3` at position 7; allowed: burst=<number>, strict"
                .into(),
        ),
        (
            "20/s; strict; strict",
            "unknown or repeated option `strict` at position 15; allowed: burst=<number>, strict"
                .into(),
        ),
        (
            "20/s;",
            "unknown or repeated option `` at position 6; allowed: burst=<number>, strict".into(),
        ),
        (
            "20",
            "not a rate `20` at position 1; allowed: such as 20/second, 100/m, 1 per 250ms".into(),
        ),
        ("", "not a rate `` at position 1; allowed: such as 20/second, 100/m, 1 per 250ms".into()),
        ("0/s", "the number of requests must be at least 1".into()),
        ("1/0s", "the period must be longer than zero".into()),
        ("5/s; burst=0", "the burst must be at least 1".into()),
        (
            "5/s; burst=6; strict",
            "the burst of a strict quota must be at most its number of requests".into(),
        ),
        ("2/1ns", "the rate must be at most one request per nanosecond".into()),
        (
            "1/day; burst=40000",
            "the burst must come back within 100 years at the quota's rate".into(),
        ),
        (
            "1/99999999999999999999d",
            "bad period `99999999999999999999d` at position 3; allowed: up to 100 years".into(),
        ),
        (
            "1/999999999999d",
            "bad period `999999999999d` at position 3; allowed: up to 100 years".into(),
        ),
    ] {
        let error = text.parse::<Quota>().unwrap_err();
        assert_eq!(error.to_string(), format!("invalid quota `{text}`: {problem}"));
    }
}

#[test]
fn twins_return_what_constructors_panic_with() {
    for (error, problem) in [
        (Quota::try_per_second(0), "the number of requests must be at least 1"),
        (Quota::try_per_minute(0), "the number of requests must be at least 1"),
        (Quota::try_per_hour(0), "the number of requests must be at least 1"),
        (Quota::try_per_day(0), "the number of requests must be at least 1"),
        (Quota::try_every(Duration::ZERO), "the period must be longer than zero"),
        (
            Quota::try_every(Duration::MAX),
            "the burst must come back within 100 years at the quota's rate",
        ),
        (Quota::per_second(1).try_burst(0), "the burst must be at least 1"),
        (
            Quota::per_second(1).burst(2).try_strict(),
            "the burst of a strict quota must be at most its number of requests",
        ),
    ] {
        let error = error.unwrap_err();
        assert_eq!((error.field(), error.allowed()), ("quota", problem));
    }
    let panic = std::panic::catch_unwind(|| Quota::per_second(0)).unwrap_err();
    let message =
        panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref().copied());
    assert_eq!(message, Some("the number of requests must be at least 1"));
}

#[test]
fn serde_speaks_the_same_text() {
    let quota: Quota = serde_json::from_str(r#""100/minute; burst=50""#).unwrap();
    assert_eq!(quota, Quota::per_minute(100).burst(50));
    assert_eq!(serde_json::to_string(&quota).unwrap(), r#""100/minute; burst=50""#);
    let error = serde_json::from_str::<Quota>(r#""20/fortnight""#).unwrap_err();
    assert!(error.to_string().contains("unknown unit `fortnight` at position 4"), "{error}");
    let error = serde_json::from_str::<Quota>("20").unwrap_err();
    assert!(error.to_string().contains("such as \"20/second\""), "{error}");
}

#[test]
fn policies_are_named_after_their_period() {
    for (quota, name) in [
        (Quota::per_second(1), "second"),
        (Quota::per_minute(1), "minute"),
        (Quota::per_hour(1), "hour"),
        (Quota::per_day(1), "day"),
        (Quota::every(Duration::from_millis(250)), "1 per 250ms"),
    ] {
        assert_eq!(Policy::from(quota).name(), name);
    }
    let error = Policy::try_new("größe", Quota::per_second(1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid policy name `größe`: a policy's name is one or more printable ASCII characters"
    );
    assert!(Policy::try_new("", Quota::per_second(1)).is_err());
}

proptest! {
    #[test]
    fn text_and_back(
        count in 1u32..,
        period in prop_oneof![
            Just(1_000_000_000u64), Just(86_400_000_000_000), 1u64..10_000_000_000_000,
            (1u64..100_000).prop_map(|s| s * 1_000_000_000),
        ],
        burst in prop::option::of(1u32..),
        strict in any::<bool>(),
    ) {
        let quota = Quota::try_new(count, Duration::from_nanos(period))
            .and_then(|quota| burst.map_or(Ok(quota), |burst| quota.try_burst(burst)))
            .and_then(|quota| if strict { quota.try_strict() } else { Ok(quota) });
        prop_assume!(quota.is_ok());
        let quota = quota.unwrap();
        prop_assert_eq!(quota.to_string().parse::<Quota>(), Ok(quota));
    }

    #[test]
    fn no_text_panics(text in "[0-9]{0,12}( per |/)?[0-9]{0,22}[a-zµ ]{0,6}(;[ a-z=0-9;]{0,12})?|\\PC{0,20}") {
        let _ = text.parse::<Quota>();
    }
}
