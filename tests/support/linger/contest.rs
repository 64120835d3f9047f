use std::{ops::Range, time::Duration};

use tower_weir::batch::{Adaptive, Fixed};

use super::{
    outcome::Outcome,
    policy::{Lingers, Timers},
    scenario::Scenario,
    world::play,
};

/// What came of a scenario with the adaptive linger, and with fixed ones.
pub(crate) struct Contest {
    pub(crate) adaptive: Outcome,
    /// One for each of [`Contest::FIXED`].
    fixed: Vec<Outcome>,
}

/// By what share the adaptive linger is worse than the best fixed one; less than zero if it is better.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Losses {
    /// Of items answered in a second: than with the fixed linger for which they are most.
    pub(crate) throughput: f64,
    /// Of the mean latency: than with the best.
    pub(crate) mean: f64,
    /// Of the latency that 99 of 100 do not exceed: than with the best, which is not always the one for which this is least.
    pub(crate) p99: f64,
}

impl Contest {
    /// In microseconds.
    pub(crate) const FIXED: [u64; 7] = [0, 500, 1_000, 2_000, 3_000, 5_000, 10_000];

    /// What so many runs show, taken together.
    pub(crate) fn play(scenario: &Scenario, seeds: Range<u64>) -> Self {
        let fixed = |micros: u64| {
            let linger = Fixed::new(Duration::from_micros(micros));
            let runs = seeds
                .clone()
                .map(|seed| play(scenario, seed, &mut Lingers(linger, Timers::Millis)));
            Outcome::of_all(runs)
        };
        let runs = seeds
            .clone()
            .map(|seed| play(scenario, seed, &mut Lingers(Adaptive::default(), Timers::Millis)));
        Self { adaptive: Outcome::of_all(runs), fixed: Self::FIXED.map(fixed).into() }
    }

    /// Fixed lingers in milliseconds, and what came of them.
    pub(crate) fn fixed(&self) -> impl Iterator<Item = (f64, &Outcome)> {
        Self::FIXED.iter().map(|micros| *micros as f64 / 1e3).zip(&self.fixed)
    }

    fn most(&self) -> f64 {
        self.fixed.iter().map(Outcome::throughput).fold(0.0, f64::max)
    }

    /// The fixed linger with the least mean latency of those with which as many items are answered as with any other, but for
    /// one in a hundred.
    pub(crate) fn best(&self) -> (f64, &Outcome) {
        let most = self.most();
        let enough = self.fixed().filter(|(_, it)| it.throughput() >= 0.99 * most);
        enough.min_by(|a, b| a.1.mean().total_cmp(&b.1.mean())).expect("one answers most")
    }

    pub(crate) fn losses(&self) -> Losses {
        let (Self { adaptive, .. }, (_, best)) = (self, self.best());
        Losses {
            throughput: 1.0 - adaptive.throughput() / self.most(),
            mean: adaptive.mean() / best.mean() - 1.0,
            p99: adaptive.quantile(0.99) / best.quantile(0.99) - 1.0,
        }
    }
}
