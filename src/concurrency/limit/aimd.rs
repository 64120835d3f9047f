use std::time::Duration;

use super::{Bounds, Limit, Sample};
use crate::{error::ConfigError, verdict::Verdict};

/// Rises by one for each answer in time, and falls by a share for each overload.
///
/// ```
/// use std::time::Duration;
/// use tower_weir::concurrency::{Aimd, Bounds};
///
/// let limit = Aimd::default().bounds(Bounds::new(4, 20, 500)).timeout(Duration::from_millis(250));
/// ```
///
/// The choice where the service says itself when it has too much, or where a latency is known beyond which an answer is
/// worthless. It knows no other sign, so it fills whatever queue there is until one of these appears: an answer that says
/// [`Overload`](Verdict::Overload), or one that took longer than the timeout. The rules are those of Netflix's `AIMDLimit`:
/// it does not rise while less than half of it is used, and every late answer counts, so that of many at once each lowers it.
#[derive(Clone, Debug)]
pub struct Aimd {
    bounds: Bounds,
    limit: usize,
    backoff: f64,
    timeout: Duration,
}

impl Default for Aimd {
    /// From 1 to 1,000 requests at once, 10 at first; falls by a tenth; a timeout of 5 s.
    fn default() -> Self {
        let bounds = Bounds::new(1, 10, 1_000);
        Self { bounds, limit: bounds.initial(), backoff: 0.9, timeout: Duration::from_secs(5) }
    }
}

impl Aimd {
    /// Moves within `bounds`, and begins at their initial limit.
    pub const fn bounds(mut self, bounds: Bounds) -> Self {
        self.limit = bounds.initial();
        self.bounds = bounds;
        self
    }

    /// Counts answers as overload that took longer than `timeout`.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Keeps this share when it falls.
    ///
    /// # Panics
    ///
    /// Where [`Aimd::try_backoff`] fails. In a `const` that is a compile error.
    pub const fn backoff(mut self, share: f64) -> Self {
        assert!(is_backoff(share), "a backoff ratio must be at least 0.5 and less than 1");
        self.backoff = share;
        self
    }

    /// As [`Aimd::backoff`], for a value that is not known to be right.
    ///
    /// # Errors
    ///
    /// If `share` is not at least 0.5 and less than 1.
    pub fn try_backoff(self, share: f64) -> Result<Self, ConfigError> {
        if is_backoff(share) {
            Ok(self.backoff(share))
        } else {
            Err(ConfigError::new("backoff ratio", share.to_string(), "at least 0.5, less than 1"))
        }
    }
}

const fn is_backoff(share: f64) -> bool {
    share >= 0.5 && share < 1.0
}

impl Limit for Aimd {
    fn limit(&self) -> usize {
        self.limit
    }

    fn on_sample(&mut self, sample: &Sample) -> usize {
        let late = match sample.verdict {
            Verdict::Overload => true,
            Verdict::Success => sample.rtt > self.timeout,
            Verdict::ClientError | Verdict::Failure | Verdict::Ignored => return self.limit,
        };
        let (min, max) = (self.bounds.min(), self.bounds.max());
        if late {
            let less = (self.limit as f64 * self.backoff) as usize;
            self.limit = less.min(self.limit - 1).max(min);
        } else if sample.in_flight.saturating_mul(2) >= self.limit {
            self.limit = (self.limit + 1).min(max);
        }
        self.limit
    }
}
