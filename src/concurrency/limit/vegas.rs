use super::{
    Bounds, Limit, Sample,
    settings::{SHARE_FAULT, checked_share, is_share},
};
use crate::{clock::nanos, error::ConfigError, verdict::Verdict};

/// Holds the queue that it infers from the latency between two bounds, after TCP Vegas.
///
/// ```
/// use tower_weir::concurrency::{Bounds, Vegas};
///
/// let limit = Vegas::default().bounds(Bounds::new(4, 20, 500)).smoothing(0.5);
/// ```
///
/// With the least latency seen as that of an empty service, `limit × (1 − least / latency)` of the requests under way must
/// be waiting. Few of them raise the limit, many lower it; what is few and many grows with the logarithm of the limit. Since
/// the least latency may be from better days, every so often the next answer's takes its place. The rules and constants are
/// those of Netflix's `VegasLimit`, where `log` is the decimal logarithm without its fraction, and at least 1:
///
/// | waiting | the limit changes by |
/// |---|---|
/// | at most `log` | + 6 `log` |
/// | less than 3 `log` | + `log` |
/// | from 3 to 6 `log` | nothing |
/// | more than 6 `log`, or an overload | − `log` |
///
/// It is for comparison, and for services whose latency hardly varies. The least of many latencies is far below the usual one
/// where they vary, so requests seem to wait that do not; and a probe while requests wait takes the queue for normal.
#[derive(Clone, Debug)]
pub struct Vegas {
    bounds: Bounds,
    limit: f64,
    smoothing: f64,
    probe_multiplier: u32,
    /// In nanoseconds; 0 before the first answer.
    least: u64,
    /// Answers since the last probe.
    answers: u64,
    /// So that limits that began together do not probe together.
    jitter: f64,
    /// Numbers the probes, for their jitter.
    probes: u32,
}

impl Default for Vegas {
    /// From 1 to 1,000 requests at once, 20 at first; no smoothing; a probe after at most 30 times as many answers as the
    /// limit.
    fn default() -> Self {
        let bounds = Bounds::new(1, 20, 1_000);
        Self {
            bounds,
            limit: bounds.initial() as f64,
            smoothing: 1.0,
            probe_multiplier: 30,
            least: 0,
            answers: 0,
            jitter: jitter(0),
            probes: 0,
        }
    }
}

impl Vegas {
    /// Moves within `bounds`, and begins at their initial limit.
    pub const fn bounds(mut self, bounds: Bounds) -> Self {
        self.limit = bounds.initial() as f64;
        self.bounds = bounds;
        self
    }

    /// Takes this share of each change: 1 is all of it.
    ///
    /// # Panics
    ///
    /// Where [`Vegas::try_smoothing`] fails. In a `const` that is a compile error.
    pub const fn smoothing(mut self, share: f64) -> Self {
        assert!(is_share(share), "{}", SHARE_FAULT);
        self.smoothing = share;
        self
    }

    /// As [`Vegas::smoothing`], for a value that is not known to be right.
    ///
    /// # Errors
    ///
    /// If `share` is not more than 0 and at most 1.
    pub fn try_smoothing(self, share: f64) -> Result<Self, ConfigError> {
        checked_share("smoothing", share).map(|share| self.smoothing(share))
    }

    /// Probes after at most so many times as many answers as the limit is, and at least after half of them.
    ///
    /// # Panics
    ///
    /// Where [`Vegas::try_probe_multiplier`] fails. In a `const` that is a compile error.
    pub const fn probe_multiplier(mut self, times: u32) -> Self {
        assert!(times > 0, "a probe multiplier must be at least 1");
        self.probe_multiplier = times;
        self
    }

    /// As [`Vegas::probe_multiplier`], for a value that is not known to be right.
    ///
    /// # Errors
    ///
    /// If `times` is 0.
    pub fn try_probe_multiplier(self, times: u32) -> Result<Self, ConfigError> {
        if times == 0 {
            return Err(ConfigError::new("probe multiplier", "0", "at least 1"));
        }
        Ok(self.probe_multiplier(times))
    }

    fn learn(&mut self, rtt: u64, in_flight: usize, overload: bool) {
        let waiting = (self.limit * (1.0 - self.least as f64 / rtt as f64)).ceil();
        let log = log10(self.limit);
        let next = if overload {
            self.limit - log
        } else if (in_flight as f64) * 2.0 < self.limit {
            return;
        } else if waiting <= log {
            self.limit + 6.0 * log
        } else if waiting < 3.0 * log {
            self.limit + log
        } else if waiting > 6.0 * log {
            self.limit - log
        } else {
            return;
        };
        let next = self.bounds.clamp(next);
        self.limit = (1.0 - self.smoothing) * self.limit + self.smoothing * next;
    }
}

/// As Netflix has it: from 1,000 on it is the square root.
fn log10(limit: f64) -> f64 {
    if limit < 1_000.0 { limit.log10().floor().max(1.0) } else { limit.sqrt().floor() }
}

/// From 0.5 to 1, by the golden ratio: evenly spread however many there are.
fn jitter(nth: u32) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    0.5 + 0.5 * (GOLDEN * f64::from(nth + 1)).fract()
}

impl Limit for Vegas {
    fn limit(&self) -> usize {
        self.limit as usize
    }

    fn on_sample(&mut self, sample: &Sample) -> usize {
        let overload = match sample.verdict {
            Verdict::Success => false,
            Verdict::Overload => true,
            Verdict::ClientError | Verdict::Failure | Verdict::Ignored => return self.limit(),
        };
        let rtt = nanos(sample.rtt).max(1);
        self.answers += 1;
        let probes =
            self.answers as f64 >= self.jitter * f64::from(self.probe_multiplier) * self.limit;
        // An overload is often answered at once, which says nothing of the work.
        if overload {
            self.learn(rtt, sample.in_flight, true);
        } else if probes {
            self.probes = self.probes.wrapping_add(1) % (1 << 20);
            (self.answers, self.jitter, self.least) = (0, jitter(self.probes), rtt);
        } else if self.least == 0 || rtt < self.least {
            self.least = rtt;
        } else {
            self.learn(rtt, sample.in_flight, false);
        }
        self.limit()
    }
}
