//! The header fields, read back with a structured field parser.

use std::time::Duration;

use proptest::prelude::*;
use sfv::{BareItem, List, ListEntry, Parser};
use tower::{Layer, ServiceExt, service_fn};
use tower_weir::{
    clock::ManualClock,
    rate_limit::{Headers, LegacyReset, Policy, Quota, RateLimitLayer},
};

use super::{Answer, guarded, header, millis};

/// The members of a list of strings with integer parameters.
fn members(field: &str) -> Vec<(String, Vec<(String, i64)>)> {
    let list: List = Parser::new(field).parse().unwrap_or_else(|error| panic!("{field}: {error}"));
    let members = list.into_iter().map(|entry| {
        let ListEntry::Item(item) = entry else { panic!("{field}: an inner list") };
        let BareItem::String(name) = item.bare_item else { panic!("{field}: not a string") };
        let params = item.params.into_iter().map(|(name, value)| {
            let value = value.as_integer().unwrap_or_else(|| panic!("{field}: not an integer"));
            (name.as_str().to_owned(), i64::from(value))
        });
        (name.as_str().to_owned(), params.collect())
    });
    members.collect()
}

fn member(name: &str, params: &[(&str, i64)]) -> (String, Vec<(String, i64)>) {
    (name.into(), params.iter().map(|(name, value)| ((*name).into(), *value)).collect())
}

fn told(answer: &Answer) -> (&str, &str) {
    (header(answer, "ratelimit-policy"), header(answer, "ratelimit"))
}

#[test]
fn the_draft_fields_tell_the_policies_and_the_tightest() {
    let policies = Policy::new("burst", Quota::per_second(20));
    let layer = RateLimitLayer::new(policies).and(Policy::new("min", Quota::per_minute(100)));
    let (service, hand) = guarded(layer);
    let answer = service.get("/");
    assert_eq!(told(&answer), (r#""burst";q=20;w=1, "min";q=100;w=60"#, r#""burst";r=19;t=1"#));
    // Once the second's burst is back after 95 requests, the minute has less left.
    for _ in 0..4 {
        service.passing(19);
        hand.advance(Duration::from_secs(1));
    }
    service.passing(18);
    hand.advance(Duration::from_secs(1));
    let answer = service.get("/");
    assert_eq!(told(&answer).1, r#""min";r=12;t=1"#);
}

#[test]
fn a_rejection_tells_when_to_come_back() {
    let layer = RateLimitLayer::new(Quota::per_second(2)).and(Quota::per_minute(3));
    let (service, hand) = guarded(layer);
    assert_eq!(service.passing(2), 2);
    let limited = service.get("/");
    assert_eq!(limited.status(), 429);
    assert_eq!(header(&limited, "retry-after"), "1");
    assert_eq!(told(&limited), (r#""second";q=2;w=1, "minute";q=3;w=60"#, r#""second";r=0;t=1"#));
    hand.advance(Duration::from_secs(1));
    assert_eq!(service.passing(2), 1);
    let limited = service.get("/");
    // The minute's next is 20 s after its start: 19 s from now.
    assert_eq!(header(&limited, "retry-after"), "19");
    assert_eq!(told(&limited).1, r#""minute";r=0;t=19"#);
    hand.advance(Duration::from_secs(19));
    assert_eq!(service.passing(2), 1);
}

#[test]
fn retry_after_is_never_zero_and_never_early() {
    let (service, hand) = guarded(RateLimitLayer::new(Quota::every(millis(1_100))));
    assert_eq!(service.passing(2), 1);
    for (wait, told) in [(0, "2"), (90, "2"), (11, "1"), (998, "1"), (0, "1")] {
        hand.advance(millis(wait));
        assert_eq!(header(&service.get("/"), "retry-after"), told);
    }
    hand.advance(millis(1));
    assert_eq!(service.passing(1), 1);
}

#[test]
fn all_policies_can_be_told() {
    let layer = RateLimitLayer::new(Quota::per_minute(100)).and(Quota::per_second(20));
    let (service, _) = guarded(layer.report_all_policies());
    assert_eq!(told(&service.get("/")).1, r#""second";r=19;t=1, "minute";r=99;t=1"#);
}

#[test]
fn the_legacy_fields_tell_the_tightest() {
    let layer = RateLimitLayer::new(Quota::per_minute(100)).and(Quota::per_second(20));
    let (service, _) = guarded(layer.clone().headers(Headers::Legacy));
    let answer = service.get("/");
    assert_eq!(told(&answer), ("", ""));
    assert_eq!(header(&answer, "x-ratelimit-limit"), "20");
    assert_eq!(header(&answer, "x-ratelimit-remaining"), "19");
    assert_eq!(header(&answer, "x-ratelimit-reset"), "1");

    let (service, hand) = guarded(layer.headers(Headers::Both).legacy_reset(LegacyReset::Epoch));
    hand.advance(millis(300));
    let answer = service.get("/");
    assert!(!told(&answer).1.is_empty());
    // A manual clock begins an hour after its origin.
    let reset = ManualClock::EPOCH.as_secs() + 3_600 + 1;
    assert_eq!(header(&answer, "x-ratelimit-reset"), reset.to_string());
}

#[test]
fn none_leaves_only_retry_after() {
    let (service, _) = guarded(RateLimitLayer::new(Quota::per_second(1)).headers(Headers::None));
    assert!(service.get("/").headers().is_empty());
    let limited = service.get("/");
    let names: Vec<_> = limited.headers().keys().map(|name| name.as_str()).collect();
    assert_eq!(names, ["content-type", "retry-after"]);
}

#[test]
fn stacked_limits_are_told_once_each_in_one_line() {
    let outer =
        RateLimitLayer::new(Policy::new("all", Quota::per_second(50))).headers(Headers::Both);
    let inner =
        RateLimitLayer::new(Policy::new("mine", Quota::per_second(5))).headers(Headers::Both);
    let service = (outer.clone(), inner, outer).layer(service_fn(super::fine));
    let answer = futures_executor::block_on(service.oneshot(http::Request::new(()))).unwrap();
    let line = |name: &str| {
        let lines: Vec<_> = answer.headers().get_all(name).iter().collect();
        assert_eq!(lines.len(), 1, "{name}: {lines:?}");
        lines[0].to_str().unwrap().to_owned()
    };
    assert_eq!(line("ratelimit-policy"), r#""all";q=50;w=1, "mine";q=5;w=1"#);
    // The innermost decided last: two of 50 are gone by then.
    assert_eq!(line("ratelimit"), r#""all";r=48;t=1, "mine";r=4;t=1"#);
    assert_eq!(line("x-ratelimit-limit"), "5");
    assert_eq!(line("x-ratelimit-remaining"), "4");
}

#[test]
fn different_policies_of_one_name_are_told_apart_and_equal_ones_by_the_smaller_remainder() {
    let told = |inner: Quota, outer: Quota, spent: usize| {
        let outer = RateLimitLayer::new(outer);
        let alone = outer.clone();
        let service = (outer, RateLimitLayer::new(inner)).layer(service_fn(super::fine));
        for _ in 0..spent {
            let outer_alone = alone.layer(service_fn(super::fine));
            futures_executor::block_on(outer_alone.oneshot(http::Request::new(()))).unwrap();
        }
        let answer = futures_executor::block_on(service.oneshot(http::Request::new(()))).unwrap();
        ["ratelimit-policy", "ratelimit"]
            .map(|name| answer.headers()[name].to_str().unwrap().to_owned())
    };
    assert_eq!(
        told(Quota::per_second(50), Quota::per_second(2), 0),
        [r#""second";q=50;w=1, "second-2";q=2;w=1"#, r#""second";r=49;t=1, "second-2";r=1;t=1"#],
    );
    // One window is the beginning of the other's text.
    assert_eq!(
        told(Quota::per_minute(100).burst(1_000), Quota::per_minute(1_000), 0)[0],
        r#""minute";q=1000;w=600, "minute-2";q=1000;w=60"#,
    );
    let (slow, same) = (Quota::per_minute(9), Quota::per_minute(9));
    assert_eq!(told(slow, same, 4), [r#""minute";q=9;w=60"#, r#""minute";r=4;t=7"#]);
    assert_eq!(told(slow, same, 0), [r#""minute";q=9;w=60"#, r#""minute";r=8;t=7"#]);
}

#[test]
fn names_with_quotes_and_commas_are_kept_apart() {
    let layer = |name: &'static str| RateLimitLayer::new(Policy::new(name, Quota::per_second(5)));
    let service = (layer("b"), layer(r#"a"b"#), layer("a, b")).layer(service_fn(super::fine));
    let answer = futures_executor::block_on(service.oneshot(http::Request::new(()))).unwrap();
    for (name, param) in [("ratelimit-policy", "q"), ("ratelimit", "r")] {
        let members = members(answer.headers()[name].to_str().unwrap());
        let names: Vec<_> = members.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["a, b", "a\"b", "b"]);
        assert!(members.iter().all(|(_, params)| params[0].0 == param));
    }
}

#[test]
fn what_the_inner_service_tells_stays() {
    let layer = RateLimitLayer::new(Quota::per_second(5));
    let service = layer.layer(service_fn(async |request| {
        let mut response = super::fine(request).await?;
        response.headers_mut().append("ratelimit", r#""upstream";r=1"#.parse().unwrap());
        response.headers_mut().append("ratelimit", r#""other";r=2"#.parse().unwrap());
        Ok::<_, std::convert::Infallible>(response)
    }));
    let answer = futures_executor::block_on(service.oneshot(http::Request::new(()))).unwrap();
    let field = answer.headers()["ratelimit"].to_str().unwrap();
    assert_eq!(members(field).len(), 3, "{field}");
}

#[test]
fn windows_are_whole_seconds_and_promise_no_more_than_the_quota() {
    for (quota, told) in [
        (Quota::per_second(5), "q=5;w=1"),
        (Quota::per_hour(1_000).burst(10), "q=1000;w=3600"),
        (Quota::per_hour(1_000).burst(10).strict(), "q=1000;w=3600"),
        (Quota::every(millis(250)), "q=4;w=1"),
        (Quota::every(millis(1_500)), "q=1;w=2"),
        // What remains may be 10, so the window is that in which 10 come back.
        (Quota::per_second(5).burst(10), "q=10;w=2"),
        (Quota::per_second(5).burst(11), "q=15;w=3"),
        // Ten in any 250 ms, but only one in 41.7 ms once the burst is gone.
        (Quota::try_new(10, millis(250)).unwrap().burst(5).strict(), "q=28;w=1"),
    ] {
        let (service, _) = guarded(RateLimitLayer::new(Policy::new("p", quota)));
        assert_eq!(told_of(&service.get("/")), format!("\"p\";{told}"), "{quota}");
    }
}

fn told_of(answer: &Answer) -> &str {
    header(answer, "ratelimit-policy")
}

proptest! {
    /// Whoever waits for `Retry-After` finds more quota than before.
    #[test]
    fn retry_after_is_no_less_than_the_refusing_policys_t(
        first in (1u32..50, 1u64..100_000), second in (1u32..50, 1u64..100_000),
        cost in 1u32..4, jitter in any::<bool>(),
    ) {
        let quota = |(count, period)| Quota::try_new(count, millis(period)).unwrap();
        let layer = RateLimitLayer::new(quota(first)).and(quota(second)).cost(move |_| cost);
        let layer = layer.report_all_policies().retry_jitter(if jitter { 0.5 } else { 0.0 }).unwrap();
        let (service, _) = guarded(layer);
        let limited = (0..60).map(|_| service.get("/")).find(|answer| answer.status() == 429).unwrap();
        let told = members(header(&limited, "ratelimit"));
        match limited.headers().get("retry-after") {
            Some(after) => {
                let after: i64 = after.to_str().unwrap().parse().unwrap();
                let violated = &told[0].1;
                prop_assert!(after >= violated.get(1).map_or(0, |(_, t)| *t), "{after} {told:?}");
            }
            None => prop_assert!(cost > first.0.min(second.0)),
        }
    }

    #[test]
    fn every_field_reads_back(
        names in prop::collection::vec("[ -~]{1,12}", 1..4),
        count in 1u32.., burst in prop::option::of(1u32..1_000), period in 1u64..100_000_000_000_000,
        sent in 1usize..5, strict in any::<bool>(),
    ) {
        let quota = Quota::try_new(count, Duration::from_nanos(period))
            .and_then(|quota| burst.map_or(Ok(quota), |burst| quota.try_burst(burst)))
            .and_then(|quota| if strict { quota.try_strict() } else { Ok(quota) });
        prop_assume!(quota.is_ok());
        let quota = quota.unwrap();
        let mut policies = names.iter().map(|name| Policy::try_new(name.clone(), quota).unwrap());
        let layer = RateLimitLayer::new(policies.next().unwrap());
        let layer = policies.fold(layer, RateLimitLayer::and).report_all_policies();
        let (service, _) = guarded(layer);
        let answer = (0..sent).map(|_| service.get("/")).last().unwrap();
        let (policy, limit) = told(&answer);
        let (policy, limit) = (members(policy), members(limit));
        prop_assert_eq!(policy.len(), names.len());
        prop_assert_eq!(limit.len(), names.len());
        prop_assert_eq!(&policy[0].0, &names[0]);
        for (name, params) in &limit {
            let (_, promised) = policy.iter().find(|(told, _)| told == name).unwrap();
            prop_assert_eq!(&promised[0].0, "q");
            prop_assert_eq!(&promised[1].0, "w");
            prop_assert!(promised[0].1 >= 1 && promised[1].1 >= 1);
            // The promise is kept: no more requests a second than the quota gives.
            let window = promised[1].1 as f64;
            let most = if strict {
                f64::from(quota.burst_size()) + window / quota.interval().as_secs_f64()
            } else {
                window * f64::from(count) / Duration::from_nanos(period).as_secs_f64()
            };
            prop_assert!(promised[0].1 as f64 <= most * 1.000_001);
            prop_assert_eq!(&params[0].0, "r");
            prop_assert!(params[0].1 <= promised[0].1, "r over q: {:?} {:?}", params, promised);
        }
    }
}

#[test]
fn members_are_read_as_the_tests_expect() {
    assert_eq!(
        members(r#""a \"b\"";r=3;t=1, "c""#),
        [member("a \"b\"", &[("r", 3), ("t", 1)]), member("c", &[])]
    );
}
