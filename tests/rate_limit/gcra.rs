//! The algorithm against a slow token bucket in integers, and against `governor`, decision for decision.

use std::{collections::VecDeque, num::NonZeroU32, time::Duration};

use governor::{RateLimiter, clock::FakeRelativeClock};
use proptest::prelude::*;
use tower_weir::{
    clock::Timestamp,
    rate_limit::{Conformance, Gcra, Quota},
};

const START: u64 = 1_000_000_000_000;

/// A token bucket in nanoseconds: one token is `interval` of them, `level` is what is in the bucket.
struct Bucket {
    interval: u128,
    size: u128,
    level: u128,
    last: u64,
}

impl Bucket {
    fn new(quota: Quota) -> Self {
        let interval = quota.interval().as_nanos();
        let size = interval * u128::from(quota.burst_size());
        Self { interval, size, level: size, last: START }
    }

    /// Whether `cost` tokens are there, and takes them; or after what time they would be.
    fn take(&mut self, now: u64, cost: u32) -> Result<(), Option<u128>> {
        self.level = self.size.min(self.level + u128::from(now - self.last));
        self.last = now;
        let wanted = self.interval * u128::from(cost);
        if wanted > self.size {
            Err(None)
        } else if wanted > self.level && cost > 0 {
            Err(Some(wanted - self.level))
        } else {
            self.level -= wanted;
            Ok(())
        }
    }
}

fn quotas() -> impl Strategy<Value = Quota> {
    let period = prop_oneof![Just(1_000_000_000u64), Just(60_000_000_000), 1u64..5_000_000_000];
    (1u32..200, period, prop::option::of(1u32..300), any::<bool>()).prop_filter_map(
        "out of range",
        |(count, period, burst, strict)| {
            let quota = Quota::try_new(count, Duration::from_nanos(period)).ok()?;
            let quota = burst.map_or(Ok(quota), |burst| quota.try_burst(burst)).ok()?;
            if strict { quota.try_strict().ok() } else { Some(quota) }
        },
    )
}

/// Pauses, from none to many intervals, with costs.
fn traces() -> impl Strategy<Value = Vec<(f64, u32)>> {
    let pause = prop_oneof![3 => Just(0.0), 3 => 0.0..2.0f64, 1 => 0.0..300.0f64];
    let cost = prop_oneof![6 => Just(1u32), 1 => 0u32..5, 1 => 0u32..400];
    prop::collection::vec((pause, cost), 1..200)
}

proptest! {
    #[test]
    fn decides_as_a_token_bucket(quota in quotas(), trace in traces()) {
        let gcra = Gcra::new(quota);
        let mut bucket = Bucket::new(quota);
        let (mut now, mut tat) = (START, 0);
        for (pause, cost) in trace {
            now += (pause * quota.interval().as_nanos() as f64) as u64;
            let at = Timestamp::from_nanos(now);
            let conformance = gcra.decide(at, tat, cost);
            match bucket.take(now, cost) {
                Ok(()) => {
                    let Conformance::Conforming { tat: new } = conformance else {
                        panic!("{conformance:?} where the bucket allows")
                    };
                    tat = new;
                }
                Err(wait) => {
                    let wait = wait.map(|wait| wait as u64);
                    prop_assert_eq!(conformance, Conformance::NonConforming { wait });
                }
            }
            prop_assert_eq!(u128::from(gcra.remaining(at, tat)), bucket.level / bucket.interval);
            // What the headers tell is true: one more is there then, and not a nanosecond before.
            let (remaining, next) = (gcra.remaining(at, tat), gcra.next_in(at, tat));
            if remaining == quota.burst_size() {
                prop_assert_eq!(next, 0);
            } else {
                let later = |nanos: u64| Timestamp::from_nanos(now + nanos);
                prop_assert_eq!(gcra.remaining(later(next), tat), remaining + 1);
                prop_assert_eq!(gcra.remaining(later(next - 1), tat), remaining);
            }
        }
    }

    #[test]
    fn decides_as_governor(
        interval in 1_000u64..10_000_000_000,
        burst in 1u32..100,
        trace in prop::collection::vec((0.0..3.0f64, 1u32..4), 1..200),
    ) {
        let interval = Duration::from_nanos(interval);
        let quota = Quota::every(interval).burst(burst);
        let gcra = Gcra::new(quota);
        let theirs = governor::Quota::with_period(interval).unwrap();
        let theirs = theirs.allow_burst(NonZeroU32::new(burst).unwrap());
        let clock = FakeRelativeClock::default();
        let governor = RateLimiter::direct_with_clock(theirs, clock.clone());
        let (mut now, mut tat) = (START, 0);
        for (pause, cost) in trace {
            let pause = interval.mul_f64(pause);
            clock.advance(pause);
            now += pause.as_nanos() as u64;
            let conformance = gcra.decide(Timestamp::from_nanos(now), tat, cost);
            let allowed = matches!(governor.check_n(NonZeroU32::new(cost).unwrap()), Ok(Ok(())));
            prop_assert_eq!(matches!(conformance, Conformance::Conforming { .. }), allowed);
            if let Conformance::Conforming { tat: new } = conformance {
                tat = new;
            }
        }
    }

    #[test]
    fn a_strict_quota_lets_never_more_than_its_number_pass(
        count in 1u32..60,
        burst_share in 0.0..1.0f64,
        period in 1u64..10_000_000_000,
        // Now and then a pause just around the period: the window that an adversary aims at.
        trace in prop::collection::vec(prop_oneof![0.0..0.2f64, 0.9..1.1f64, Just(0.0)], 1..400),
    ) {
        let burst = 1 + (f64::from(count - 1) * burst_share) as u32;
        let quota = Quota::try_new(count, Duration::from_nanos(period)).and_then(|q| q.try_burst(burst));
        let quota = quota.and_then(Quota::try_strict);
        prop_assume!(quota.is_ok());
        let gcra = Gcra::new(quota.unwrap());
        let (mut now, mut tat, mut window) = (START, 0, VecDeque::new());
        for pause in trace {
            now += (pause * period as f64) as u64;
            // As many as pass at once, and a try at the very instant when the next is said to.
            for _ in 0..2 {
                while let Conformance::Conforming { tat: new } = gcra.decide(Timestamp::from_nanos(now), tat, 1) {
                    tat = new;
                    window.push_back(now);
                    while window.front().is_some_and(|first| first + period <= now) {
                        window.pop_front();
                    }
                    prop_assert!(window.len() <= count as usize, "{} in one period", window.len());
                }
                let Conformance::NonConforming { wait: Some(wait) } = gcra.decide(Timestamp::from_nanos(now), tat, 1)
                else {
                    panic!("neither allowed nor denied for a while")
                };
                now += wait;
            }
        }
    }

    #[test]
    fn a_clock_that_goes_backwards_gives_nothing_away(
        quota in quotas(),
        steps in prop::collection::vec((-100.0..100.0f64, 0u32..3), 1..100),
    ) {
        // The time between the earliest and the latest that were ever seen bounds what may pass, whatever the clock does in
        // between.
        let gcra = Gcra::new(quota);
        let interval = quota.interval().as_nanos() as f64;
        let (mut now, mut tat, mut passed) = (START as f64, 0, 0u64);
        let (mut earliest, mut latest) = (now, now);
        for (step, cost) in steps {
            now = (now + step * interval).max(0.0);
            (earliest, latest) = (earliest.min(now), latest.max(now));
            if let Conformance::Conforming { tat: new } = gcra.decide(Timestamp::from_nanos(now as u64), tat, cost) {
                prop_assert!(new >= tat);
                tat = new;
                passed += u64::from(cost);
            }
        }
        let most = f64::from(quota.burst_size()) + (latest - earliest) / interval;
        prop_assert!(passed as f64 <= most + 1e-6 * most + 1.0, "{passed} of at most {most}");
    }
}
