use std::time::Duration;

use crate::{clock::Timestamp, error::ConfigError, verdict::Verdict};

/// Learns from each answer how many requests the service can work on at once.
///
/// ```
/// use tower_weir::{concurrency::{Limit, Sample}, verdict::Verdict};
///
/// /// Holds the latency near a target: one up, or a tenth down.
/// struct Target {
///     limit: f64,
///     target: std::time::Duration,
/// }
///
/// impl Limit for Target {
///     fn limit(&self) -> usize {
///         self.limit as usize
///     }
///
///     fn on_sample(&mut self, sample: &Sample) -> usize {
///         let slow = sample.rtt > self.target || sample.verdict == Verdict::Overload;
///         self.limit = if slow { self.limit * 0.9 } else { self.limit + 1.0 / self.limit };
///         self.limit = self.limit.clamp(1.0, 1_000.0);
///         self.limit()
///     }
/// }
/// ```
///
/// It is pure: time comes with each [`Sample`], so that it can be tested and simulated. The limiter calls it for one answer at
/// a time, in the order in which they come, and enforces what it says; a limit below 1 counts as 1.
pub trait Limit: Send + 'static {
    /// The limit now, and before the first answer.
    fn limit(&self) -> usize;

    /// Learns from an answer; the limit from now on.
    fn on_sample(&mut self, sample: &Sample) -> usize;
}

/// One answer: what a [`Limit`] learns from.
///
/// Answers to requests that were given up are none: their time says when the client lost patience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When the head of the answer was there.
    pub now: Timestamp,
    /// How long the service took to the head of the answer, without any wait before it.
    pub rtt: Duration,
    /// How many requests were under way when this one was let in, itself included.
    pub in_flight: usize,
    /// What the answer says of the service.
    pub verdict: Verdict,
}

/// Between which bounds a [`Limit`] moves, and where it begins.
///
/// ```
/// use tower_weir::concurrency::Bounds;
///
/// const BOUNDS: Bounds = Bounds::new(4, 20, 500);
/// assert_eq!((BOUNDS.min(), BOUNDS.initial(), BOUNDS.max()), (4, 20, 500));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    min: usize,
    initial: usize,
    max: usize,
}

const FAULT: &str = "limits must have 1 <= min <= initial <= max <= 1000000";

impl Bounds {
    /// The largest limit there can be.
    pub const MAX: usize = 1_000_000;

    /// From `min` to `max` requests at once, `initial` at first.
    ///
    /// # Panics
    ///
    /// Where [`Bounds::try_new`] fails. In a `const` that is a compile error.
    pub const fn new(min: usize, initial: usize, max: usize) -> Self {
        let bounds = Self { min, initial, max };
        assert!(bounds.fault().is_none(), "{}", FAULT);
        bounds
    }

    /// As [`Bounds::new`], for values that are not known to be right.
    ///
    /// # Errors
    ///
    /// Unless 1 ≤ `min` ≤ `initial` ≤ `max` ≤ [`Bounds::MAX`].
    pub fn try_new(min: usize, initial: usize, max: usize) -> Result<Self, ConfigError> {
        let bounds = Self { min, initial, max };
        match bounds.fault() {
            None => Ok(bounds),
            Some((field, value, allowed)) => {
                Err(ConfigError::new(field, value.to_string(), allowed))
            }
        }
    }

    const fn fault(&self) -> Option<(&'static str, usize, &'static str)> {
        let Self { min, initial, max } = *self;
        if min == 0 {
            Some(("minimum limit", min, "at least 1"))
        } else if max > Self::MAX {
            Some(("maximum limit", max, "at most 1000000"))
        } else if min > max {
            Some(("minimum limit", min, "no more than the maximum limit"))
        } else if initial < min || initial > max {
            Some(("initial limit", initial, "from the minimum limit to the maximum limit"))
        } else {
            None
        }
    }

    /// The least.
    pub const fn min(&self) -> usize {
        self.min
    }

    /// The first.
    pub const fn initial(&self) -> usize {
        self.initial
    }

    /// The most.
    pub const fn max(&self) -> usize {
        self.max
    }

    /// The nearest to `limit` that is allowed; the least if it is no number.
    pub fn clamp(&self, limit: f64) -> f64 {
        limit.max(self.min as f64).min(self.max as f64)
    }
}
