//! The adaptive linger beside fixed ones, in simulations that are small enough for each run of the tests. `scripts/bench
//! linger` has all of them.

#[path = "support/linger/mod.rs"]
#[allow(dead_code, reason = "the simulation asks for more")]
mod linger;

use std::time::Duration;

use linger::{Contest, Lingers, MS, Oracle, Outcome, Policy, SECOND, Scenario, Timers, find, play};
use tower_weir::batch::{Adaptive, Fixed};

/// None of those that it was tuned on.
const SEED: u64 = 1_001;

/// For so many milliseconds.
fn scenario(cost: &str, name: &str, millis: u64) -> Scenario {
    find(cost, name).lasting(millis * MS)
}

fn fixed(millis: u64, timers: Timers) -> Lingers<Fixed> {
    Lingers(Fixed::new(Duration::from_millis(millis)), timers)
}

fn outcome(scenario: &Scenario, policy: &mut dyn Policy) -> Outcome {
    play(scenario, SEED, policy)
}

#[test]
fn the_adaptive_linger_loses_to_no_fixed_one_by_more_than_a_tenth() {
    let scenarios = [
        scenario("large", "idle", 20_000),
        scenario("large", "busy", 20_000),
        scenario("large", "half", 1_000),
        scenario("large", "near capacity", 1_000),
        scenario("large", "bursts", 10_000),
        scenario("large", "8 clients", 5_000),
        scenario("large", "64 clients", 1_000),
        scenario("small", "near capacity", 500),
        scenario("small", "8 clients", 2_000),
        scenario("per item", "near capacity", 5_000),
        scenario("linear", "bursts", 5_000),
        scenario("noisy", "64 clients", 4_000),
        scenario("noisy", "bursts", 10_000),
        scenario("superlinear", "half", 2_000),
    ];
    for scenario in scenarios {
        let contest = Contest::play(&scenario, SEED..SEED + 1);
        let (losses, best) = (contest.losses(), contest.best().0);
        let lost = losses.mean.max(losses.throughput);
        let Scenario { name, cost, .. } = scenario;
        assert!(lost <= 0.1, "{}, {name}: {losses:?} beside {best} ms", cost.name);
    }
}

#[test]
fn the_adaptive_linger_beats_all_fixed_ones_where_some_have_to_be_waited_for_and_some_not() {
    for scenario in [scenario("large", "bursts", 10_000), scenario("large", "8 clients", 5_000)] {
        let losses = Contest::play(&scenario, SEED..SEED + 1).losses();
        assert!(losses.mean < -0.03, "{}: {losses:?}", scenario.name);
    }
}

#[test]
fn nothing_is_added_when_the_service_is_idle() {
    for cost in ["large", "small", "per item", "linear", "noisy", "superlinear"] {
        let idle = scenario(cost, "idle", 30_000);
        let adaptive = outcome(&idle, &mut Lingers(Adaptive::default(), Timers::Millis));
        let none = outcome(&idle, &mut fixed(0, Timers::Millis));
        assert!(adaptive.mean() - none.mean() < 0.01, "{cost}: {}", adaptive.mean());
    }
}

#[test]
fn a_saturated_service_is_as_fast_as_its_calls_are() {
    let outcome = outcome(&scenario("large", "saturated", 10_000), &mut fixed(0, Timers::Millis));
    // Two calls of 64 items at a time, of 5.64 ms.
    let most = 2.0 * 64.0 / 5.64e-3;
    assert!((outcome.throughput() / most - 1.0).abs() < 0.02, "{}", outcome.throughput());
    assert!((outcome.taken_in() - 1.0 / 1.5).abs() < 0.02, "{}", outcome.taken_in());
    assert!(outcome.size() > 62.0, "{}", outcome.size());
}

#[test]
fn timers_that_count_milliseconds_are_late_by_half_of_one() {
    let idle = scenario("large", "idle", 40_000);
    // A call takes 5.01 ms.
    let exact = outcome(&idle, &mut fixed(2, Timers::Exact));
    assert!((exact.quantile(0.5) - 7.01).abs() < 1e-6, "{}", exact.quantile(0.5));
    let late = outcome(&idle, &mut fixed(2, Timers::Millis));
    assert!((late.mean() - 7.51).abs() < 0.1, "{}", late.mean());
    assert!(late.quantile(1.0) <= 8.01 + 1e-6, "{}", late.quantile(1.0));
}

#[test]
fn who_sees_what_comes_does_better_than_who_does_not() {
    let bursts = scenario("large", "bursts", SECOND / MS);
    let oracle = outcome(&bursts, &mut Oracle::new());
    for millis in [0, 1, 2, 5] {
        let fixed = outcome(&bursts, &mut fixed(millis, Timers::Exact));
        assert!(oracle.mean() < fixed.mean(), "{} and {}", oracle.mean(), fixed.mean());
    }
}

#[test]
fn equal_seeds_give_equal_results() {
    let run = |seed| {
        let linger = &mut Lingers(Adaptive::default(), Timers::Millis);
        let outcome = play(&scenario("noisy", "64 clients", 500), seed, linger);
        (outcome.throughput().to_bits(), outcome.mean().to_bits())
    };
    assert_eq!(run(SEED), run(SEED));
    assert_ne!(run(SEED), run(SEED + 1));
}
