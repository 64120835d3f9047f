/// What a call says of the service that it went to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) failed: bool,
    pub(super) slow: bool,
}

/// The calls of a window.
///
/// ```
/// use tower_weir::circuit_breaker::Breaker;
///
/// let breaker = Breaker::new();
/// let counts = breaker.counts();
/// assert_eq!((counts.calls, counts.failures, counts.failure_share()), (0, 0, 0.0));
/// ```
///
/// A call that failed after a long time is both a failure and slow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// All of them.
    pub calls: u32,
    /// Those that failed.
    pub failures: u32,
    /// Those that took too long, if it was said what that is.
    pub slow: u32,
}

impl Outcome {
    pub(super) const SUCCESS: Self = Self { failed: false, slow: false };
    #[cfg(test)]
    pub(super) const FAILURE: Self = Self { failed: true, slow: false };

    pub(super) const fn is_good(self) -> bool {
        !self.failed && !self.slow
    }
}

impl Counts {
    /// The share of calls that failed; 0 if there were none.
    pub fn failure_share(&self) -> f64 {
        share(self.failures, self.calls)
    }

    /// The share of calls that took too long; 0 if there were none.
    pub fn slow_share(&self) -> f64 {
        share(self.slow, self.calls)
    }

    pub(super) const fn add(&mut self, outcome: Outcome, times: u32) {
        self.calls = self.calls.saturating_add(times);
        self.failures = self.failures.saturating_add(if outcome.failed { times } else { 0 });
        self.slow = self.slow.saturating_add(if outcome.slow { times } else { 0 });
    }

    pub(super) const fn plus(self, other: Self) -> Self {
        Self {
            calls: self.calls.saturating_add(other.calls),
            failures: self.failures.saturating_add(other.failures),
            slow: self.slow.saturating_add(other.slow),
        }
    }

    pub(super) const fn minus(self, other: Self) -> Self {
        Self {
            calls: self.calls.saturating_sub(other.calls),
            failures: self.failures.saturating_sub(other.failures),
            slow: self.slow.saturating_sub(other.slow),
        }
    }
}

fn share(part: u32, whole: u32) -> f64 {
    if whole == 0 { 0.0 } else { f64::from(part) / f64::from(whole) }
}
