//! What holds for each limit, whatever comes.

use std::time::Duration;

use proptest::prelude::*;
use tower_weir::{
    clock::Timestamp,
    concurrency::{Aimd, Bounds, Gradient2, Limit, Sample, Vegas, VerifiedGradient, Windowed},
    verdict::Verdict,
};

fn verdicts() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        8 => Just(Verdict::Success),
        1 => Just(Verdict::ClientError),
        1 => Just(Verdict::Failure),
        1 => Just(Verdict::Overload),
        1 => Just(Verdict::Ignored),
    ]
}

/// Latencies that occur, and some that do not.
fn latencies() -> impl Strategy<Value = Duration> {
    prop_oneof![
        8 => (1_u64..200_000_000).prop_map(Duration::from_nanos),
        1 => Just(Duration::ZERO),
        1 => Just(Duration::MAX),
    ]
}

/// How the clock goes on: mostly a little, and sometimes far, or back.
fn steps() -> impl Strategy<Value = i64> {
    prop_oneof![
        16 => 0_i64..5_000_000,
        1 => Just(3_600_000_000_000),
        1 => -10_000_000_000_i64..0,
        1 => Just(i64::MIN / 4),
        1 => Just(i64::MAX / 4),
    ]
}

fn bounds() -> impl Strategy<Value = Bounds> {
    (1_usize..50, 0_usize..50, 0_usize..Bounds::MAX - 100)
        .prop_map(|(min, initial, more)| Bounds::new(min, min + initial, min + initial + more))
}

fn all(bounds: Bounds) -> Vec<Box<dyn Limit>> {
    vec![
        Box::new(Aimd::default().bounds(bounds).timeout(Duration::from_millis(100))),
        Box::new(Vegas::default().bounds(bounds)),
        Box::new(Gradient2::default().bounds(bounds)),
        Box::new(Windowed::new(Gradient2::default().bounds(bounds))),
        Box::new(VerifiedGradient::default().bounds(bounds)),
    ]
}

proptest! {
    #[test]
    fn stays_within_its_bounds(
        bounds in bounds(),
        answers in prop::collection::vec((steps(), latencies(), 0_usize..3, verdicts()), 1..600),
    ) {
        for mut limit in all(bounds) {
            let mut now = 1_u64 << 62;
            for (step, rtt, in_flight, verdict) in &answers {
                now = now.saturating_add_signed(*step);
                // None, half of what may be, or all.
                let in_flight = in_flight * limit.limit() / 2;
                let sample =
                    Sample { now: Timestamp::from_nanos(now), rtt: *rtt, in_flight, verdict: *verdict };
                let told = limit.on_sample(&sample);
                prop_assert_eq!(told, limit.limit());
                prop_assert!((bounds.min()..=bounds.max()).contains(&told), "{} of {:?}", told, bounds);
            }
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// A clock that has gone back, or a latency that cannot be, does not stop it from learning for long.
    #[test]
    fn learns_again_whatever_was(
        answers in prop::collection::vec((steps(), latencies(), 0_usize..3, verdicts()), 1..100),
    ) {
        let mut limit = VerifiedGradient::default();
        let mut now = 1_u64 << 62;
        for (step, rtt, in_flight, verdict) in answers {
            now = now.saturating_add_signed(step);
            let in_flight = in_flight * limit.limit() / 2;
            limit.on_sample(&Sample { now: Timestamp::from_nanos(now), rtt, in_flight, verdict });
        }
        now = now.clamp(1 << 32, 1 << 63);
        // One answer in a millisecond, each after 10 ms: as if nothing waited.
        for _ in 0..80_000 {
            now += 1_000_000;
            let sample = Sample {
                now: Timestamp::from_nanos(now),
                rtt: Duration::from_millis(10),
                in_flight: limit.limit(),
                verdict: Verdict::Success,
            };
            limit.on_sample(&sample);
        }
        prop_assert!(limit.limit() >= 8, "{}", limit.limit());
    }
}
