//! Several policies: together or not at all.

use std::{
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    thread,
    time::Duration,
};

use proptest::prelude::*;
use tower_weir::{
    clock::Clock,
    rate_limit::{Limiter, Quota},
};

#[test]
fn a_request_that_one_policy_refuses_is_charged_to_none() {
    let (clock, hand) = Clock::manual();
    let limiter = Limiter::new(Quota::per_second(2)).and(Quota::per_minute(5)).clock(clock);
    let passing = |n: usize| (0..n).filter(|_| limiter.check(&"key").is_ok()).count();
    // A hundred tries in the first second cost the minute two.
    assert_eq!(passing(100), 2);
    hand.advance(Duration::from_secs(1));
    assert_eq!(passing(100), 2);
    hand.advance(Duration::from_secs(1));
    // The minute had 5, used 4; a twelfth of a request a second came back.
    assert_eq!(passing(100), 1);
    hand.advance(Duration::from_secs(1));
    assert_eq!(passing(100), 0);
    let wait = limiter.check(&"key").unwrap_err().retry_after().unwrap();
    hand.advance(wait);
    assert_eq!(passing(100), 1);
}

#[test]
fn the_longest_wait_is_told() {
    let (clock, _) = Clock::manual();
    let limiter =
        Limiter::new(Quota::per_second(1)).and(Quota::per_hour(1)).and(Quota::per_minute(1));
    let limiter = limiter.clock(clock);
    assert!(limiter.check(&()).is_ok());
    let denied = limiter.check(&()).unwrap_err();
    assert_eq!(denied.retry_after(), Some(Duration::from_secs(3_600)));
    assert_eq!(denied.to_string(), "quota exceeded; it would pass in 3600s");
    let never = limiter.check_n(&(), 2).unwrap_err();
    assert_eq!(never.to_string(), "quota exceeded; it costs more than a whole burst");
}

#[test]
fn equal_names_are_told_apart() {
    let limiter = Limiter::new(Quota::per_second(9)).and(Quota::per_second(5).burst(1));
    let limiter = limiter.and(Quota::per_second(7));
    let names: Vec<_> = limiter.policies().map(|policy| policy.name()).collect();
    assert_eq!(names, ["second", "second-2", "second-3"]);
    // And so is what keys owe to them: the second one refuses alone.
    assert!(limiter.check(&1).is_ok());
    assert!(limiter.check(&1).is_err());
}

#[test]
fn threads_pass_what_the_tightest_policy_allows() {
    let (clock, _) = Clock::manual();
    let limiter = Limiter::new(Quota::per_hour(3_000)).and(Quota::per_day(1_000)).clock(clock);
    let passed = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            let (limiter, passed) = (limiter.clone(), &passed);
            scope.spawn(move || {
                for _ in 0..2_000 {
                    passed.fetch_add(u32::from(limiter.check(&"key").is_ok()), Relaxed);
                }
            });
        }
    });
    assert_eq!(passed.load(Relaxed), 1_000);
}

proptest! {
    /// Together they pass what the one that passes least at that point does: the decision is the conjunction of limiters that
    /// each saw only what passed all.
    #[test]
    fn together_is_the_conjunction_of_each_alone(
        quotas in prop::collection::vec((1u32..20, 1u32..20, 1u64..5_000), 2..5),
        trace in prop::collection::vec((0u64..1_000, 0u32..3), 1..150),
    ) {
        let (clock, hand) = Clock::manual();
        let quotas: Vec<_> = quotas.into_iter().map(|(count, burst, period)| {
            Quota::try_new(count, Duration::from_millis(period)).unwrap().burst(burst)
        }).collect();
        let together = quotas[1..].iter().fold(Limiter::new(quotas[0]), |all, quota| all.and(*quota));
        let together = together.clock(clock.clone());
        let alone: Vec<_> = quotas.iter().map(|quota| tower_weir::rate_limit::Gcra::new(*quota)).collect();
        let mut tats = vec![0; alone.len()];
        for (pause, cost) in trace {
            hand.advance(Duration::from_millis(pause));
            let conformances: Vec<_> =
                alone.iter().zip(&tats).map(|(gcra, tat)| gcra.decide(clock.now(), *tat, cost)).collect();
            let new: Option<Vec<_>> = conformances.iter().map(|conformance| match conformance {
                tower_weir::rate_limit::Conformance::Conforming { tat } => Some(*tat),
                tower_weir::rate_limit::Conformance::NonConforming { .. } => None,
            }).collect();
            prop_assert_eq!(together.check_n(&"key", cost).is_ok(), new.is_some());
            if let Some(new) = new {
                tats = new;
            }
        }
    }
}
