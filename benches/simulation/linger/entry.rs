use std::{
    ops::Range,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use tower_weir::batch::{Adaptive, Fixed};

use crate::batches::{Contest, Lingers, Oracle, Outcome, SECOND, Scenario, Timers, play};

/// What came of a scenario.
pub(super) struct Entry {
    pub(super) scenario: Scenario,
    pub(super) contest: Contest,
    pub(super) one_by_one: Outcome,
    /// The mean latency with the oracle, as a share of that with the adaptive linger, in a part of the scenario.
    pub(super) oracle: f64,
}

impl Entry {
    /// In the order of the scenarios, whichever is done first.
    pub(super) fn play_all(scenarios: &[Scenario], seeds: Range<u64>, quick: bool) -> Vec<Self> {
        let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let work = || {
            loop {
                let nth = next.fetch_add(1, Ordering::Relaxed);
                let Some(scenario) = scenarios.get(nth) else { return };
                if nth % 13 == 0 {
                    eprintln!("{}", scenario.cost.name);
                }
                let entry = Self::play(scenario, seeds.clone(), quick);
                done.lock().expect("no thread panicked").push((nth, entry));
            }
        };
        let threads = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(work);
            }
        });
        let mut done = done.into_inner().expect("no thread panicked");
        done.sort_by_key(|(nth, _)| *nth);
        done.into_iter().map(|(_, entry)| entry).collect()
    }

    fn play(scenario: &Scenario, seeds: Range<u64>, quick: bool) -> Self {
        let first = seeds.start;
        let contest = Contest::play(scenario, seeds);
        let mut none = Lingers(Fixed::NONE, Timers::Millis);
        let one_by_one = play(&scenario.one_by_one(), first, &mut none);
        let items = if quick { 1_000.0 } else { 5_000.0 };
        let part = (items / contest.adaptive.throughput() * SECOND as f64) as u64;
        let part = scenario.lasting(part.clamp(SECOND / 10, scenario.length));
        let mut adaptive = Lingers(Adaptive::default(), Timers::Millis);
        let adaptive = play(&part, first, &mut adaptive).mean();
        let oracle = play(&part, first, &mut Oracle::new()).mean() / adaptive;
        Self { scenario: scenario.clone(), contest, one_by_one, oracle }
    }
}
