use std::time::Duration;

use crate::{
    case::{Case, Run},
    figures::Figures,
};

/// Cases that take turns.
pub struct Group {
    /// What is said while it runs.
    pub name: &'static str,
    /// About how long each case runs in a round: long against reading the clock, short against what disturbs.
    pub batch: Duration,
    /// How many rounds there are; `--quick` makes a tenth of them.
    pub rounds: usize,
    /// Timed in this order in each round.
    pub cases: Vec<Case>,
}

struct Runner {
    name: &'static str,
    run: Run,
    iterations: u64,
    /// Nanoseconds an iteration, one for each round.
    samples: Vec<f64>,
}

impl Group {
    pub(crate) fn time(self, rounds: usize, figures: &mut Figures) {
        let mut runners: Vec<_> =
            self.cases.into_iter().map(|case| Runner::new(case, self.batch)).collect();
        for _ in 0..rounds {
            for runner in &mut runners {
                runner.round();
            }
        }
        for runner in runners {
            figures.insert(runner.name, runner.samples);
        }
    }
}

impl Runner {
    /// Warms the case up while finding how many iterations fill a batch.
    fn new(case: Case, batch: Duration) -> Self {
        const WARM_UP_BATCHES: u32 = 10;
        let (name, mut run) = (case.name, case.build());
        let (mut iterations, mut took) = (1, Duration::ZERO);
        while took < batch {
            iterations *= 2;
            took = run(iterations);
        }
        // The least of some, or a moment without the processor would make every round too short.
        let took = (0..3).map(|_| run(iterations * u64::from(WARM_UP_BATCHES)) / WARM_UP_BATCHES);
        let took = took.min().unwrap_or(batch);
        let share = batch.as_secs_f64() / took.as_secs_f64();
        let iterations = ((iterations as f64 * share) as u64).max(1);
        Self { name, run, iterations, samples: Vec::new() }
    }

    fn round(&mut self) {
        let took = (self.run)(self.iterations);
        self.samples.push(took.as_nanos() as f64 / self.iterations as f64);
    }
}
