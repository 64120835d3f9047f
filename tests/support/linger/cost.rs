use super::{chance::log_normal, random::Random};

/// How long the service takes for a batch: `fixed + per_item · size^power`, times a factor that chance draws.
///
/// Calls do not slow one another down.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) name: &'static str,
    /// In nanoseconds.
    pub(crate) fixed: f64,
    /// In nanoseconds.
    pub(crate) per_item: f64,
    pub(crate) power: f64,
    /// The deviation of the logarithm of the factor, which is normal; the factor is 1 on average.
    pub(crate) noise: f64,
}

impl Cost {
    pub(crate) const ALL: [Self; 6] = [
        Self::new("large", 5e6, 1e4),
        Self::new("small", 5e5, 1e4),
        Self::new("per item", 2e5, 5e5),
        Self::new("linear", 0.0, 3e5),
        Self { noise: 0.6, ..Self::new("noisy", 5e6, 1e4) },
        Self { power: 1.5, ..Self::new("superlinear", 1e6, 2e4) },
    ];

    const fn new(name: &'static str, fixed: f64, per_item: f64) -> Self {
        Self { name, fixed, per_item, power: 1.0, noise: 0.0 }
    }

    /// In a few words.
    pub(crate) fn about(&self) -> String {
        let (fixed, per_item) = (self.fixed / 1e6, self.per_item / 1e6);
        let power = if self.power == 1.0 { String::new() } else { format!("^{}", self.power) };
        let noise = if self.noise > 0.0 {
            format!(", times a log-normal factor of deviation {}", self.noise)
        } else {
            String::new()
        };
        format!("a call takes {fixed} ms + {per_item} ms × size{power}{noise}")
    }

    /// On average, in nanoseconds.
    pub(crate) fn mean(&self, size: usize) -> f64 {
        self.fixed + self.per_item * (size as f64).powf(self.power)
    }

    pub(super) fn draw(&self, size: usize, random: &mut Random) -> u64 {
        let factor = if self.noise > 0.0 { log_normal(random, self.noise) } else { 1.0 };
        (self.mean(size) * factor).max(1.0) as u64
    }
}
