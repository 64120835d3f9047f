use super::{
    Bounds, Limit, Sample,
    settings::{
        SHARE_FAULT, TOLERANCE_FAULT, checked_share, checked_tolerance, is_share, is_tolerance,
    },
};
use crate::{clock::nanos, error::ConfigError, verdict::Verdict};

/// Follows the ratio of the usual latency to that of each answer.
///
/// ```
/// use tower_weir::concurrency::{Bounds, Gradient2};
///
/// let limit = Gradient2::default().bounds(Bounds::new(4, 20, 500)).tolerance(2.0);
/// ```
///
/// The rules and constants are those of Netflix's `Gradient2Limit`. What is usual is an exponential mean over 600 answers. With
/// an answer that took longer than 1.5 times that the limit moves towards `limit × gradient + 4`, where the gradient is the
/// tolerated latency over this one, from 0.5 to 1; the 4 lets it grow while nothing waits. A fifth of each change is taken.
/// What is usual falls by a tenth where it is more than twice the latency, so that the end of an overload is soon seen.
/// Nothing changes while less than half of the limit is used. An overload counts as the least gradient: in Netflix's it is a
/// latency as any other.
///
/// It is for comparison, and for those who have tuned it elsewhere. What is usual follows a lasting overload, after which the
/// limit grows without end: it bounds latency for as long as an overload lasts no longer than 600 answers.
#[derive(Clone, Debug)]
pub struct Gradient2 {
    bounds: Bounds,
    limit: f64,
    smoothing: f64,
    tolerance: f64,
    queue: usize,
    long: Mean,
}

impl Default for Gradient2 {
    /// From 20 to 200 requests at once, 20 at first; a tolerance of 1.5, a queue of 4, a smoothing of 0.2, a window of 600
    /// answers.
    fn default() -> Self {
        let bounds = Bounds::new(20, 20, 200);
        Self {
            bounds,
            limit: bounds.initial() as f64,
            smoothing: 0.2,
            tolerance: 1.5,
            queue: 4,
            long: Mean { window: 600, answers: 0, nanos: 0.0 },
        }
    }
}

impl Gradient2 {
    /// Moves within `bounds`, and begins at their initial limit.
    pub const fn bounds(mut self, bounds: Bounds) -> Self {
        self.limit = bounds.initial() as f64;
        self.bounds = bounds;
        self
    }

    /// Tolerates latencies up to so many times the usual one.
    ///
    /// # Panics
    ///
    /// Where [`Gradient2::try_tolerance`] fails. In a `const` that is a compile error.
    pub const fn tolerance(mut self, times: f64) -> Self {
        assert!(is_tolerance(times), "{}", TOLERANCE_FAULT);
        self.tolerance = times;
        self
    }

    /// As [`Gradient2::tolerance`], for a value that is not known to be right.
    ///
    /// # Errors
    ///
    /// If `times` is not from 1 to 100.
    pub fn try_tolerance(self, times: f64) -> Result<Self, ConfigError> {
        checked_tolerance(times).map(|times| self.tolerance(times))
    }

    /// Takes this share of each change: 1 is all of it.
    ///
    /// # Panics
    ///
    /// Where [`Gradient2::try_smoothing`] fails. In a `const` that is a compile error.
    pub const fn smoothing(mut self, share: f64) -> Self {
        assert!(is_share(share), "{}", SHARE_FAULT);
        self.smoothing = share;
        self
    }

    /// As [`Gradient2::smoothing`], for a value that is not known to be right.
    ///
    /// # Errors
    ///
    /// If `share` is not more than 0 and at most 1.
    pub fn try_smoothing(self, share: f64) -> Result<Self, ConfigError> {
        checked_share("smoothing", share).map(|share| self.smoothing(share))
    }

    /// Grows towards this many more while nothing waits.
    pub const fn queue(mut self, requests: usize) -> Self {
        self.queue = requests;
        self
    }

    /// Takes the mean over so many answers for usual.
    ///
    /// # Panics
    ///
    /// Where [`Gradient2::try_window`] fails. In a `const` that is a compile error.
    pub const fn window(mut self, answers: u32) -> Self {
        assert!(answers > 0, "a window must be at least 1 answer");
        self.long.window = answers;
        self
    }

    /// As [`Gradient2::window`], for a value that is not known to be right.
    ///
    /// # Errors
    ///
    /// If `answers` is 0.
    pub fn try_window(self, answers: u32) -> Result<Self, ConfigError> {
        if answers == 0 {
            return Err(ConfigError::new("window", "0", "at least 1 answer"));
        }
        Ok(self.window(answers))
    }
}

/// A mean of latencies in which old ones fade: the plain mean of the first ten, exponential from there on.
#[derive(Clone, Debug)]
struct Mean {
    window: u32,
    /// Up to [`Mean::WARM`].
    answers: u32,
    nanos: f64,
}

impl Mean {
    const WARM: u32 = 10;

    fn add(&mut self, nanos: f64) {
        let share = if self.answers < Self::WARM {
            self.answers += 1;
            1.0 / f64::from(self.answers)
        } else {
            2.0 / (f64::from(self.window) + 1.0)
        };
        self.nanos += share * (nanos - self.nanos);
    }
}

impl Limit for Gradient2 {
    fn limit(&self) -> usize {
        self.limit as usize
    }

    fn on_sample(&mut self, sample: &Sample) -> usize {
        let gradient = match sample.verdict {
            Verdict::Success => {
                let short = nanos(sample.rtt).max(1) as f64;
                self.long.add(short);
                let usual = self.long.nanos;
                if usual / short > 2.0 {
                    self.long.nanos *= 0.9;
                }
                (self.tolerance * usual / short).clamp(0.5, 1.0)
            }
            Verdict::Overload => 0.5,
            Verdict::ClientError | Verdict::Failure | Verdict::Ignored => return self.limit(),
        };
        if (sample.in_flight as f64) < self.limit / 2.0 {
            return self.limit();
        }
        let next = self.limit * gradient + self.queue as f64;
        let next = (1.0 - self.smoothing) * self.limit + self.smoothing * next;
        self.limit = self.bounds.clamp(next);
        self.limit()
    }
}
