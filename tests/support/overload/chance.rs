use super::{random::Random, steps::Steps};

/// From 0 to less than 1.
pub(super) fn share(random: &mut Random) -> f64 {
    (random.next() >> 11) as f64 / (1_u64 << 53) as f64
}

/// A time that is 1 on average, and does not depend on how long one has waited.
pub(super) fn exponential(random: &mut Random) -> f64 {
    -(1.0 - share(random)).ln()
}

/// How long the service takes for a request, as a multiple of its mean.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Spread {
    /// The sum of four exponential times: a standard deviation of half the mean.
    Erlang4,
    /// One in ten takes eleven times as long as the others; within each kind as [`Spread::Erlang4`].
    Bimodal,
    /// The logarithm is normal with a deviation of 1.2: a few take very long.
    LogNormal,
    /// Half are answered from a cache, in a hundredth of the time.
    Cached,
}

impl Spread {
    pub(super) fn draw(self, random: &mut Random) -> f64 {
        match self {
            Self::Erlang4 => {
                let product: f64 = (0..4).map(|_| 1.0 - share(random)).product();
                -product.ln() / 4.0
            }
            Self::Bimodal => {
                let slow = share(random) < 0.1;
                Self::Erlang4.draw(random) * if slow { 5.5 } else { 0.5 }
            }
            Self::LogNormal => {
                const DEVIATION: f64 = 1.2;
                let radius = (2.0 * exponential(random)).sqrt();
                let normal = radius * (std::f64::consts::TAU * share(random)).cos();
                (DEVIATION * normal - 0.5 * DEVIATION * DEVIATION).exp()
            }
            Self::Cached => {
                let hit = share(random) < 0.5;
                Self::Erlang4.draw(random) * if hit { 0.02 } else { 1.98 }
            }
        }
    }
}

/// Requests of clients that know nothing of each other, at a rate that changes: a Poisson process.
pub(super) struct Arrivals {
    /// Requests in a nanosecond.
    rate: Steps,
    scale: f64,
    random: Random,
    next: u64,
}

impl Arrivals {
    pub(super) fn new(rate: Steps, scale: f64, seed: u64) -> Self {
        let mut arrivals = Self { rate, scale, random: Random::new(seed), next: 0 };
        arrivals.proceed();
        arrivals
    }

    pub(super) fn next_at(&self) -> u64 {
        self.next
    }

    pub(super) fn proceed(&mut self) {
        loop {
            let (begin, rate) = (self.next, self.scale * self.rate.at(self.next));
            let gap = exponential(&mut self.random) / rate;
            // The conversion saturates where the rate is zero.
            self.next = begin.saturating_add(gap as u64);
            // What would come after a change was not drawn by its rate. Nothing is remembered, so begin anew there.
            match self.rate.change_after(begin) {
                Some(change) if change < self.next => self.next = change,
                _ => return,
            }
        }
    }

    /// A number for each request, from 0 to less than 1.
    pub(super) fn share(&mut self) -> f64 {
        share(&mut self.random)
    }
}
