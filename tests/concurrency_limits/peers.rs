//! That what ours is compared with behaves as it is known to, or the comparison would say nothing.

use tower_weir::concurrency::{Bounds, Fixed, Gradient2, Limit, Vegas, Windowed};

use crate::overload::{Guard, Open, Outcome, SECOND, find, play};

const SEED: u64 = 1_001;
const BOUNDS: Bounds = Bounds::new(1, 20, 10_000);

fn simulate(name: &str, seconds: u64, limit: impl Limit) -> Outcome {
    play(&find(name, 16).lasting(seconds * SECOND), SEED, &mut Guard::new(limit))
}

#[test]
fn without_a_limit_nothing_is_answered_in_time() {
    let outcome = play(&find("steady 2", 16).lasting(10 * SECOND), SEED, &mut Open);
    assert!(outcome.goodput() < 0.01, "{}", outcome.goodput());
    assert!(outcome.p99() > SECOND as f64);
}

#[test]
fn a_limit_of_the_workers_is_nearly_ideal_until_they_change() {
    assert!(simulate("steady 2", 10, Fixed::new(16)).goodput() > 0.93);
    let outcome = simulate("latency 3", 20, Fixed::new(16));
    assert!(outcome.goodput() < 0.8, "{}", outcome.goodput());
}

#[test]
fn vegas_takes_service_times_that_vary_for_a_queue_unless_it_has_windows() {
    let bare = simulate("steady 0.7", 15, Vegas::default().bounds(BOUNDS));
    assert!(bare.falsely_shed() > 0.1, "{}", bare.falsely_shed());
    let windowed = simulate("steady 0.7", 15, Windowed::new(Vegas::default().bounds(BOUNDS)));
    assert!(windowed.falsely_shed() < 0.05, "{}", windowed.falsely_shed());
}

#[test]
fn gradient2_loses_throughput_when_latency_moves() {
    let before = simulate("steady 2", 15, Gradient2::default().bounds(BOUNDS)).goodput();
    let after = simulate("latency 3", 30, Gradient2::default().bounds(BOUNDS)).goodput();
    assert!(before > 0.9 && after < 0.8, "{before} {after}");
}
