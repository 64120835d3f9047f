//! The default limit in simulations that are small enough for each run of the tests. The bench has all of them.

use tower_weir::concurrency::VerifiedGradient;

use crate::overload::{Guard, MS, Outcome, SECOND, find, play};

/// None of those that it was tuned on.
const SEED: u64 = 1_001;

/// With 16 workers, for so many seconds.
fn simulate(name: &str, seconds: u64) -> Outcome {
    let mut control = Guard::new(VerifiedGradient::default());
    play(&find(name, 16).lasting(seconds * SECOND), SEED, &mut control)
}

fn limits(outcome: &Outcome, from: u64, to: u64) -> (usize, usize) {
    let bins = &outcome.bins[(from / Outcome::BIN) as usize..(to / Outcome::BIN) as usize];
    let limits = || bins.iter().filter_map(|bin| bin.limit);
    (limits().min().unwrap(), limits().max().unwrap())
}

#[test]
fn hardly_anything_is_shed_falsely() {
    let outcome = simulate("steady 0.7", 30);
    assert!(outcome.falsely_shed() <= 0.001, "{}", outcome.falsely_shed());
    assert!(outcome.goodput() > 0.998, "{}", outcome.goodput());
}

#[test]
fn a_lasting_overload_costs_neither_throughput_nor_latency() {
    let outcome = simulate("steady 2", 20);
    assert!(outcome.goodput() > 0.97, "{}", outcome.goodput());
    assert!(outcome.p99() < 40.0 * MS as f64, "{}", outcome.p99());
}

#[test]
fn a_step_to_ten_times_the_load_settles_in_half_a_second() {
    let outcome = simulate("step 10", 24);
    assert!(outcome.settles(10 * SECOND) <= 0.5 * SECOND as f64);
    assert!(outcome.settles(20 * SECOND) <= 1.0 * SECOND as f64, "and recovers in one");
    let p99 = outcome.p99_between(11 * SECOND, 20 * SECOND);
    assert!(p99 <= 2.0 * 25.1 * MS as f64, "{p99}");
}

#[test]
fn half_the_capacity_is_found_in_two_seconds() {
    let outcome = simulate("halving", 25);
    assert!(outcome.settles(12 * SECOND) <= 2.0 * SECOND as f64);
    assert!(outcome.settles(22 * SECOND) <= 1.0 * SECOND as f64);
    let (_, most) = limits(&outcome, 15 * SECOND, 22 * SECOND);
    assert!(most < 32, "eight workers are left: {most}");
}

#[test]
fn a_latency_that_moved_is_no_queue() {
    let outcome = simulate("latency 3", 20);
    assert!(outcome.settles(12 * SECOND) <= 2.0 * SECOND as f64);
    let (least, _) = limits(&outcome, 15 * SECOND, 16 * SECOND);
    assert!(least > 40, "48 can be worked on by now: {least}");
}

#[test]
fn two_kinds_of_requests_are_no_reason_to_shed() {
    let outcome = simulate("bimodal", 20);
    assert!(outcome.goodput() > 0.95, "{}", outcome.goodput());
}

#[test]
fn retries_do_not_keep_an_overload_alive() {
    let outcome = simulate("retry storm", 20);
    assert!(outcome.settles(13 * SECOND) <= 1.0 * SECOND as f64);
    assert!(outcome.goodput() > 0.97, "{}", outcome.goodput());
}

#[test]
fn a_few_requests_do_not_make_it_wander() {
    let outcome = simulate("3 a second", 60);
    assert_eq!(outcome.falsely_shed(), 0.0);
    let (least, most) = limits(&outcome, 30 * SECOND, 60 * SECOND);
    assert!(least >= 4 && most <= 8, "{least} to {most}");
}

#[test]
fn it_recovers_from_a_pause() {
    let outcome = simulate("pause", 20);
    assert!(outcome.settles(15_300 * MS) <= 1.0 * SECOND as f64);
    assert!(outcome.falsely_shed() < 0.01, "{}", outcome.falsely_shed());
}

#[test]
fn bodies_that_take_long_are_no_queue() {
    let outcome = simulate("slow bodies", 15);
    assert!(outcome.goodput() > 0.95, "{}", outcome.goodput());
    let (least, _) = limits(&outcome, 10 * SECOND, 11 * SECOND);
    assert!(least > 100, "160 are held: {least}");
}

#[test]
fn equal_seeds_give_equal_results() {
    let limits = |outcome: &Outcome| outcome.bins.iter().map(|bin| bin.limit).collect::<Vec<_>>();
    assert_eq!(limits(&simulate("on/off 3", 8)), limits(&simulate("on/off 3", 8)));
}
