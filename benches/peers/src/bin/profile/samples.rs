//! Latencies as services have them, in nanoseconds, the same in each run.

use std::{f64::consts::TAU, iter};

use fastrand::Rng;

const SEED: u64 = 0x7765_6972;

/// Shapes of distributions.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// Half of all within 5 ms, one in a hundred above 50 ms.
    LogNormal,
    /// Nine of ten come out of a cache in about 0.2 ms, the rest takes about 80 ms.
    Bimodal,
    /// A Pareto distribution from 1 ms on whose variance is infinite.
    HeavyTailed,
}

impl Shape {
    /// An endless row of latencies.
    pub(crate) fn samples(self) -> impl Iterator<Item = u64> {
        let mut random = Rng::with_seed(SEED);
        iter::repeat_with(move || {
            let millis = match self {
                Self::LogNormal => log_normal(&mut random, 5.0, 1.0),
                Self::Bimodal if random.f64() < 0.9 => log_normal(&mut random, 0.2, 0.2),
                Self::Bimodal => log_normal(&mut random, 80.0, 0.3),
                Self::HeavyTailed => (1.0 - random.f64()).powf(-1.0 / 1.2),
            };
            (millis * 1e6) as u64
        })
    }
}

/// By Box and Muller.
fn log_normal(random: &mut Rng, median: f64, sigma: f64) -> f64 {
    let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
    median * (sigma * radius * (TAU * random.f64()).cos()).exp()
}
