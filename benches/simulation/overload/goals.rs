use super::{
    policies::Policy,
    runs::{Run, Runs},
};
use crate::report::Figure;

/// The 99th percentile of the service times alone: Erlang-4 with a mean of 10 ms.
const UNLOADED: f64 = 25.1;

/// The goals that ours has, each at the number of workers for which it is furthest from it.
pub(super) fn of(runs: &Runs) -> Vec<Figure> {
    let worst = |scenario: &str, value: fn(&Run) -> f64| {
        let values =
            runs.workers.iter().filter_map(|workers| median(runs, scenario, *workers, value));
        values.fold(0.0, f64::max)
    };
    let goodput = runs.scenarios.iter().flat_map(|(name, _)| {
        let of = |workers: &usize| runs.mean(Policy::Ours, name, *workers, |run| run.goodput);
        runs.workers.iter().filter_map(of).collect::<Vec<_>>()
    });
    let figure = |name: &str, unit, value| Figure::new(name.to_owned(), unit, value);
    let p99 = worst("step 10", |run| run.p99) / UNLOADED;
    vec![
        figure("goodput at the worst scenario", "%", 100.0 * goodput.fold(1.0, f64::min))
            .at_least(95.0),
        figure("p99 at ten times the load, of that without load", "times", p99).at_most(2.0),
        figure("falsely shed at 0.7", "%", 100.0 * worst("steady 0.7", |run| run.falsely_shed))
            .at_most(0.1),
        figure("settles after a step to 10", "s", worst("step 10", |run| run.settles)).at_most(0.5),
        figure("recovers after a step to 10", "s", worst("step 10", |run| run.recovers))
            .at_most(1.0),
        figure("settles after the capacity halves", "s", worst("halving", |run| run.settles))
            .at_most(2.0),
        figure("recovers after the capacity is back", "s", worst("halving", |run| run.recovers))
            .at_most(1.0),
        figure("recovers after a retry storm", "s", worst("retry storm", |run| run.recovers))
            .at_most(1.0),
    ]
}

/// Over seeds.
fn median(runs: &Runs, scenario: &str, workers: usize, value: fn(&Run) -> f64) -> Option<f64> {
    let ours =
        runs.of(Policy::Ours).filter(|run| run.scenario == scenario && run.workers == workers);
    let mut values: Vec<_> = ours.map(value).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
