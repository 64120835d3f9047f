use std::{
    ops::Range,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::policies::{ALL, Policy};
use crate::service::{self, MS, Outcome, SECOND, Scenario};

/// What came of all scenarios with all policies.
pub(super) struct Runs {
    pub(super) scenarios: Vec<(&'static str, &'static str)>,
    pub(super) workers: Vec<usize>,
    pub(super) seeds: Range<u64>,
    runs: Vec<Run>,
}

/// What came of one.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub(super) scenario: &'static str,
    pub(super) workers: usize,
    pub(super) policy: Policy,
    pub(super) seed: u64,
    pub(super) score: f64,
    pub(super) goodput: f64,
    pub(super) falsely_shed: f64,
    /// In milliseconds, after the first second of the scenario's overload.
    pub(super) p99: f64,
    /// In seconds, after what happens first, and after what ends it.
    pub(super) settles: f64,
    pub(super) recovers: f64,
}

/// Without a limit the queue before so many workers is too long to be simulated.
const ENDLESS: usize = 128;

impl Runs {
    pub(super) fn play(scenarios: &[Scenario], workers: &[usize], seeds: Range<u64>) -> Self {
        let names: Vec<_> = scenarios.iter().map(|it| (it.name, it.about)).collect();
        let mut jobs = Vec::new();
        for &workers in workers {
            for &(name, _) in &names {
                jobs.extend(seeds.clone().map(|seed| (workers, name, seed)));
            }
        }
        let (next, runs) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let work = || {
            while let Some(&(workers, name, seed)) = jobs.get(next.fetch_add(1, Ordering::Relaxed))
            {
                let scenario = service::find(name, workers);
                if seed == seeds.start {
                    eprintln!("{workers} workers, {name}");
                }
                let policies =
                    ALL.into_iter().filter(|policy| *policy != Policy::None || workers <= ENDLESS);
                let done: Vec<_> = policies.map(|policy| run(&scenario, policy, seed)).collect();
                runs.lock().expect("no thread panicked").extend(done);
            }
        };
        let threads = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(work);
            }
        });
        let runs = runs.into_inner().expect("no thread panicked");
        Self { scenarios: names, workers: workers.to_vec(), seeds, runs }
    }

    pub(super) fn of(&self, policy: Policy) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(move |run| run.policy == policy)
    }

    /// The mean over seeds; none if it was not played.
    pub(super) fn mean(
        &self,
        policy: Policy,
        scenario: &str,
        workers: usize,
        value: fn(&Run) -> f64,
    ) -> Option<f64> {
        let runs = self.of(policy).filter(|run| run.scenario == scenario && run.workers == workers);
        let values: Vec<_> = runs.map(value).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }
}

fn run(scenario: &Scenario, policy: Policy, seed: u64) -> Run {
    let mut control = policy.control(scenario.workers);
    let outcome = service::play(scenario, seed, &mut *control);
    let seconds = |nanos: f64| nanos / SECOND as f64;
    let [begins, ends] = moments(scenario);
    Run {
        scenario: scenario.name,
        workers: scenario.workers,
        policy,
        seed,
        score: outcome.score(),
        goodput: outcome.goodput(),
        falsely_shed: outcome.falsely_shed(),
        p99: overload_p99(&outcome, begins, ends) / MS as f64,
        settles: seconds(outcome.settles(begins)),
        recovers: seconds(outcome.settles(ends)),
    }
}

/// When the first thing happens in a scenario, and the second.
fn moments(scenario: &Scenario) -> [u64; 2] {
    let counts_from = scenario.counts_from;
    let mut changes = scenario.changes().into_iter().filter(|at| *at > counts_from);
    let first = changes.next().unwrap_or(0);
    [first, changes.next().unwrap_or(first)]
}

fn overload_p99(outcome: &Outcome, begins: u64, ends: u64) -> f64 {
    if begins + SECOND < ends { outcome.p99_between(begins + SECOND, ends) } else { 0.0 }
}
