//! A governor's limiter behind the layer.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use governor::{RateLimiter, clock::FakeRelativeClock, middleware::StateInformationMiddleware};
use http::Request;
use tower_weir::{
    head::Head,
    key::OnMissingKey,
    rate_limit::{Quota, RateLimitLayer, Rule},
};

use super::{Guarded, body, guarded, header};

fn five() -> governor::Quota {
    governor::Quota::per_second(NonZeroU32::new(5).unwrap())
}

fn user(head: &Head<'_>) -> Option<String> {
    Some(head.headers.get("x-user")?.to_str().ok()?.to_owned())
}

fn statuses(service: &Guarded, user: &str, n: usize) -> Vec<u16> {
    let request = || Request::builder().header("x-user", user).body(()).unwrap();
    (0..n).map(|_| service.send(request()).status().as_u16()).collect()
}

#[test]
fn a_keyed_one_is_shared_with_other_code() {
    let clock = FakeRelativeClock::default();
    let limiter = RateLimiter::hashmap_with_clock(five(), clock.clone());
    let limiter = Arc::new(limiter);
    let (service, _) = guarded(RateLimitLayer::new(Rule::governor(Arc::clone(&limiter), user)));
    assert_eq!(statuses(&service, "a", 3), [200; 3]);
    // Elsewhere in the program.
    assert!(limiter.check_key(&"a".to_owned()).is_ok());
    assert_eq!(statuses(&service, "a", 2), [200, 429]);
    assert_eq!(statuses(&service, "b", 1), [200]);
    clock.advance(Duration::from_millis(200));
    assert_eq!(statuses(&service, "a", 2), [200, 429]);
}

#[test]
fn a_rejection_says_when_and_by_which_quota() {
    let limiter = Arc::new(RateLimiter::direct_with_clock(five(), FakeRelativeClock::default()));
    let (service, _) = guarded(RateLimitLayer::new(Rule::governor_direct(limiter)));
    assert!((0..5).all(|_| !service.get("/").headers().contains_key("ratelimit")));
    let rejected = service.get("/");
    assert_eq!(rejected.status(), 429);
    assert_eq!(header(&rejected, "retry-after"), "1");
    assert_eq!(header(&rejected, "ratelimit-policy"), r#""governor";q=5;w=1"#);
    assert_eq!(header(&rejected, "ratelimit"), r#""governor";r=0;t=1"#);
    let problem: serde_json::Value = serde_json::from_slice(&body(rejected)).unwrap();
    assert_eq!(problem["violated-policies"], serde_json::json!(["governor"]));
}

#[test]
fn with_state_information_every_response_tells() {
    let limiter = RateLimiter::direct_with_clock(five(), FakeRelativeClock::default())
        .with_middleware::<StateInformationMiddleware>();
    let (service, _) = guarded(RateLimitLayer::new(Rule::governor_direct(Arc::new(limiter))));
    let remaining: Vec<_> =
        (0..6).map(|_| header(&service.get("/"), "ratelimit").to_owned()).collect();
    let expected = [4, 3, 2, 1, 0, 0].map(|r| format!(r#""governor";r={r};t=1"#));
    assert_eq!(remaining, expected);
}

#[test]
fn costs_are_charged_and_an_impossible_one_never_passes() {
    let limiter = Arc::new(RateLimiter::direct_with_clock(five(), FakeRelativeClock::default()));
    let cost = |head: &Head<'_>| head.uri.path().trim_start_matches('/').parse().unwrap();
    let layer = RateLimitLayer::new(Rule::governor_direct(limiter).cost(cost));
    let (service, _) = guarded(layer);
    let status = |path| service.get(path).status().as_u16();
    assert_eq!(["/3", "/0", "/3", "/2", "/1", "/0"].map(status), [200, 200, 429, 200, 429, 200]);
    let never = service.get("/6");
    assert_eq!(never.status(), 429);
    assert!(
        !never.headers().contains_key("retry-after") && !never.headers().contains_key("ratelimit")
    );
}

#[test]
fn a_request_without_a_key_is_rejected_or_skipped() {
    let limiter =
        || Arc::new(RateLimiter::hashmap_with_clock(five(), FakeRelativeClock::default()));
    let (service, _) = guarded(RateLimitLayer::new(Rule::governor(limiter(), user)));
    assert_eq!(service.get("/").status(), 400, "there is no quota that such requests could share");
    let rule = Rule::governor(limiter(), user).on_missing_key(OnMissingKey::Skip);
    let (service, _) = guarded(RateLimitLayer::new(rule));
    assert_eq!(service.passing(9), 9);
}

#[test]
fn its_keys_may_be_denied_and_it_may_run_dry() {
    let limiter = Arc::new(RateLimiter::hashmap_with_clock(five(), FakeRelativeClock::default()));
    let (service, _) = guarded(RateLimitLayer::new(Rule::governor(limiter, user)));
    let limit = service.0.handle().limit("default").unwrap();
    limit.deny(&"thief");
    assert_eq!(statuses(&service, "thief", 1), [403]);
    limit.set_shadow(true);
    assert_eq!(statuses(&service, "a", 9), [200; 9]);
}

#[test]
#[should_panic(expected = "`charge_on` does not go with a governor's limiter")]
fn it_takes_nothing_back() {
    let limiter = Arc::new(RateLimiter::direct_with_clock(five(), FakeRelativeClock::default()));
    let _ = Rule::governor_direct(limiter).charge_on(|_| 0);
}

#[test]
fn quotas_convert() {
    let nonzero = |n| NonZeroU32::new(n).unwrap();
    for (theirs, ours) in [
        (governor::Quota::per_minute(nonzero(6)), "1 per 10s; burst=6"),
        (governor::Quota::per_hour(nonzero(1)), "1/hour"),
        (five().allow_burst(nonzero(50)), "1 per 200ms; burst=50"),
    ] {
        assert_eq!(Quota::from(theirs).to_string(), ours);
    }
    // What ours could not hold is cut, never a panic.
    let fastest = Quota::from(governor::Quota::per_second(nonzero(u32::MAX)));
    assert_eq!(fastest.interval(), Duration::from_nanos(1));
    let period = Duration::from_secs(86_400 * 365 * 90);
    let slowest = governor::Quota::with_period(period).unwrap().allow_burst(nonzero(1_000));
    assert_eq!((Quota::from(slowest).interval(), Quota::from(slowest).burst_size()), (period, 1));
}
