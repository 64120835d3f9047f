mod experiment;
mod learn;
mod window;

use std::time::Duration;

use self::{
    experiment::Experiment,
    window::{Pace, Window},
};
use super::{Bounds, Limit, Sample};
use crate::{clock::Timestamp, error::ConfigError, verdict::Verdict};

/// DOCS
#[derive(Clone, Debug)]
pub struct VerifiedGradient {
    bounds: Bounds,
    tolerance: f64,
    limit: f64,
    window: Window,
    pace: Pace,
    /// The logarithm of the latency of an empty service, in nanoseconds.
    base: Option<f64>,
    /// The most requests that were under way while nothing was turned away; it fades.
    peak: f64,
    /// There was no queue yet.
    doubling: bool,
    experiment: Option<Experiment>,
    /// When the next experiment is due, and how long after this one.
    due: Duration,
    pause: Duration,
    /// When the service last said that it has too much.
    overload: Option<Timestamp>,
}

impl Default for VerifiedGradient {
    /// From 2 to 100,000 requests at once, 4 at first; a tolerance of 1.2.
    fn default() -> Self {
        let bounds = Bounds::new(2, 4, 100_000);
        Self {
            bounds,
            tolerance: 1.2,
            limit: bounds.initial() as f64,
            window: Window::default(),
            pace: Pace { shortest: SHORTEST, urgent: f64::NEG_INFINITY },
            base: None,
            peak: 0.0,
            doubling: true,
            experiment: None,
            due: learn::FIRST,
            pause: learn::FIRST,
            overload: None,
        }
    }
}

/// Windows last at least so many nanoseconds, and at least twice the base up to the longest.
const SHORTEST: u64 = 20_000_000;
const LONGEST: u64 = 1_000_000_000;
/// A latency that is so many times the base is urgent.
const URGENT: f64 = 5.0;
/// What an overload leaves of the limit, and how long there is none after it at least.
const KEPT: f64 = 0.9;
const ONCE: Duration = Duration::from_millis(100);

impl VerifiedGradient {
    /// Moves within `bounds`, and begins at their initial limit.
    ///
    /// The least should let a service answer something while it is hardly loaded; the most is a safeguard. A higher initial
    /// limit spares the first requests of a large service, and hurts a small one that starts under load.
    pub const fn bounds(mut self, bounds: Bounds) -> Self {
        self.limit = bounds.initial() as f64;
        self.bounds = bounds;
        self
    }

    /// Tolerates a latency of so many times that of an empty service: more gives more throughput, less gives less latency.
    ///
    /// # Panics
    ///
    /// Where [`VerifiedGradient::try_tolerance`] fails. In a `const` that is a compile error.
    pub const fn tolerance(mut self, times: f64) -> Self {
        assert!(super::is_tolerance(times), "{}", super::TOLERANCE_FAULT);
        self.tolerance = times;
        self
    }

    /// As [`VerifiedGradient::tolerance`], for a value that is not known to be right.
    ///
    /// # Errors
    ///
    /// If `times` is not from 1 to 100.
    pub fn try_tolerance(self, times: f64) -> Result<Self, ConfigError> {
        super::checked_tolerance(times).map(|times| self.tolerance(times))
    }

    /// Sets the limit, and begins a window.
    fn set(&mut self, now: Timestamp, limit: f64) {
        let limit = self.bounds.clamp(limit);
        if limit as usize == self.limit as usize {
            self.window.proceed(now);
        } else {
            self.window.restart(now);
        }
        self.limit = limit;
        let base = self.base.unwrap_or(0.0);
        self.pace.shortest = ((2.0 * base.exp()) as u64).clamp(SHORTEST, LONGEST);
        // A few answers are enough anyway where they say much, or cost much.
        let hasty = self.doubling || matches!(self.experiment, Some(Experiment::Lowered { .. }));
        self.pace.urgent = if hasty { f64::NEG_INFINITY } else { base + URGENT.ln() };
    }

    fn on_overload(&mut self, now: Timestamp) {
        let once = ONCE.max(Duration::from_nanos(self.pace.shortest));
        // Also if the clock went backwards.
        let is_due = |last| now < last || now.saturating_since(last) >= once;
        if !self.overload.is_none_or(is_due) {
            return;
        }
        self.overload = Some(now);
        self.doubling = false;
        if let Some(Experiment::Raised { from } | Experiment::Lowered { from }) = self.experiment {
            self.limit = from.limit;
        }
        self.experiment = None;
        self.set(now, KEPT * self.limit);
    }
}

impl Limit for VerifiedGradient {
    fn limit(&self) -> usize {
        self.limit as usize
    }

    #[inline]
    fn on_sample(&mut self, sample: &Sample) -> usize {
        self.window.add(sample, self.limit as usize, self.pace);
        if sample.verdict == Verdict::Overload {
            self.on_overload(sample.now);
        } else if let Some(seen) = self.window.seen(sample.now, self.pace) {
            self.learn(sample.now, &seen);
        }
        self.limit()
    }
}
