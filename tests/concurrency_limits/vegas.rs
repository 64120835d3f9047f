use tower_weir::{
    concurrency::{Bounds, Limit, Vegas},
    verdict::Verdict,
};

use crate::sample;

/// At 100, whose logarithm is 2, with a least latency of 10 ms, and far from a probe.
fn vegas() -> Vegas {
    let mut limit = Vegas::default().bounds(Bounds::new(1, 100, 1_000)).probe_multiplier(1_000_000);
    assert_eq!(limit.on_sample(&sample(0, 10, 100, Verdict::Success)), 100);
    limit
}

/// The limit after an answer whose latency says that about so many wait.
fn with_waiting(waiting: f64) -> usize {
    let rtt = std::time::Duration::from_nanos((1e7 / (1.0 - waiting / 100.0)) as u64);
    vegas()
        .on_sample(&tower_weir::concurrency::Sample { rtt, ..sample(1, 0, 100, Verdict::Success) })
}

#[test]
fn the_change_goes_by_how_many_wait() {
    assert_eq!(with_waiting(1.9), 112, "at most the logarithm: six times that more");
    assert_eq!(with_waiting(2.1), 102, "less than three times it: once that more");
    assert_eq!(with_waiting(5.1), 100, "from three to six times it: nothing");
    assert_eq!(with_waiting(12.1), 98, "more: less");
}

#[test]
fn an_overload_lowers_it_and_is_no_latency() {
    let mut limit = vegas();
    assert_eq!(limit.on_sample(&sample(1, 0, 1, Verdict::Overload)), 98);
    assert_eq!(limit.on_sample(&sample(2, 10, 100, Verdict::Success)), 104, "10 ms is the least");
}

#[test]
fn nothing_changes_while_less_than_half_is_used() {
    assert_eq!(vegas().on_sample(&sample(1, 10, 49, Verdict::Success)), 100);
    assert_eq!(vegas().on_sample(&sample(1, 10, 50, Verdict::Success)), 112);
}

#[test]
fn a_part_of_the_change_is_taken() {
    let mut limit = vegas().smoothing(0.5);
    assert_eq!(limit.on_sample(&sample(1, 10, 100, Verdict::Success)), 106);
}

#[test]
fn a_probe_takes_the_next_latency_for_the_least() {
    let mut limit = Vegas::default().bounds(Bounds::new(1, 10, 10)).probe_multiplier(2);
    limit.on_sample(&sample(0, 10, 10, Verdict::Success));
    // After 10 to 20 answers there is a probe, of 100 ms; then nothing seems to wait at 100 ms, and the limit stays at its most.
    for now in 1..40 {
        limit.on_sample(&sample(now, 100, 10, Verdict::Success));
    }
    assert_eq!(limit.limit(), 10);
    let mut limit = Vegas::default().bounds(Bounds::new(1, 10, 10)).probe_multiplier(1_000);
    limit.on_sample(&sample(0, 10, 10, Verdict::Success));
    for now in 1..40 {
        limit.on_sample(&sample(now, 100, 10, Verdict::Success));
    }
    assert!(limit.limit() < 8, "without a probe it falls: {}", limit.limit());
}
