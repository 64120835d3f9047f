use tower_weir::{
    concurrency::{Bounds, Gradient2, Limit},
    verdict::Verdict,
};

use crate::{answers, sample};

fn gradient() -> Gradient2 {
    Gradient2::default().bounds(Bounds::new(4, 100, 1_000))
}

#[test]
fn grows_by_its_share_of_the_queue_while_latency_is_as_usual() {
    let mut limit = gradient();
    // 100 -> 0.8 * 100 + 0.2 * (100 + 4)
    assert_eq!(answers(&mut limit, 0, 1, 10), 100);
    assert_eq!(answers(&mut limit, 1, 4, 10), 104);
}

#[test]
fn tolerates_one_and_a_half_of_the_usual_latency() {
    let after = |rtt: u64| {
        let mut limit = gradient().queue(0).smoothing(1.0);
        answers(&mut limit, 0, 1_000, 100);
        limit.on_sample(&sample(1_000, rtt, 100, Verdict::Success))
    };
    assert_eq!(after(150), 100);
    assert!((74..=76).contains(&after(200)), "{}", after(200));
    assert_eq!(after(1_000), 50, "no more than half at once");
}

#[test]
fn an_overload_is_the_least_gradient() {
    let mut limit = gradient().queue(0).smoothing(1.0);
    assert_eq!(limit.on_sample(&sample(0, 0, 100, Verdict::Overload)), 50);
}

#[test]
fn nothing_changes_while_less_than_half_is_used() {
    let mut limit = gradient().smoothing(1.0);
    assert_eq!(limit.on_sample(&sample(0, 10, 49, Verdict::Success)), 100);
    assert_eq!(limit.on_sample(&sample(0, 10, 50, Verdict::Success)), 104);
}

#[test]
fn what_is_usual_falls_fast_when_an_overload_ends() {
    let mut limit = gradient().queue(0).smoothing(1.0);
    answers(&mut limit, 0, 1_000, 100);
    // 20 answers of 10 ms would hardly move a mean of 600: 0.9 to the power of 13 makes 20 ms of 100 ms.
    answers(&mut limit, 1_000, 20, 10);
    let before = limit.limit();
    assert!(answers(&mut limit, 1_020, 1, 100) < before, "100 ms is unusual by now");
}

#[test]
fn what_is_usual_follows_a_lasting_overload() {
    let mut limit = gradient();
    answers(&mut limit, 0, 1_000, 10);
    let short = answers(&mut limit, 1_000, 50, 60);
    let long = answers(&mut limit, 1_050, 3_000, 60);
    assert!(long > 2 * short, "the known fault: {short} then {long}");
}
