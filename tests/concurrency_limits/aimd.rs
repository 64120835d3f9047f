use std::time::Duration;

use tower_weir::{
    concurrency::{Aimd, Bounds, Limit},
    verdict::Verdict,
};

use crate::{answers, sample};

fn aimd() -> Aimd {
    Aimd::default().bounds(Bounds::new(2, 10, 12)).timeout(Duration::from_millis(100))
}

#[test]
fn rises_by_one_for_each_answer_in_time_up_to_the_most() {
    let mut limit = aimd();
    assert_eq!(answers(&mut limit, 0, 1, 100), 11, "100 ms are in time");
    assert_eq!(answers(&mut limit, 1, 9, 10), 12);
}

#[test]
fn does_not_rise_while_less_than_half_is_used() {
    let mut limit = aimd();
    assert_eq!(limit.on_sample(&sample(0, 10, 4, Verdict::Success)), 10);
    assert_eq!(limit.on_sample(&sample(0, 10, 5, Verdict::Success)), 11);
}

#[test]
fn falls_by_a_share_and_by_one_at_least_for_each_overload_or_late_answer() {
    let mut limit = aimd().bounds(Bounds::new(2, 100, 100)).backoff(0.5);
    assert_eq!(limit.on_sample(&sample(0, 1, 100, Verdict::Overload)), 50);
    assert_eq!(limit.on_sample(&sample(0, 101, 50, Verdict::Success)), 25);
    let mut limit = aimd().bounds(Bounds::new(2, 5, 100)).backoff(0.99);
    assert_eq!(limit.on_sample(&sample(0, 1, 5, Verdict::Overload)), 4);
    for _ in 0..9 {
        limit.on_sample(&sample(0, 1, 5, Verdict::Overload));
    }
    assert_eq!(limit.limit(), 2);
}

#[test]
fn errors_that_are_no_overload_say_nothing() {
    let mut limit = aimd();
    for verdict in [Verdict::ClientError, Verdict::Failure, Verdict::Ignored] {
        assert_eq!(limit.on_sample(&sample(0, 5_000, 10, verdict)), 10);
    }
}
