use std::time::Duration;

use super::settings::checked_period;
use crate::error::ConfigError;

/// How a multiplier follows the outcomes of requests: additive increase, multiplicative decrease.
///
/// ```
/// use std::time::Duration;
/// use tower_weir::rate_limit::{Aimd, Window};
///
/// let aimd = Aimd::default().latency_target(Duration::from_millis(250));
/// let outcomes = |good, bad, open| Window { good, bad, open };
/// assert_eq!(aimd.next(1.0, 0.1, outcomes(80, 20, 5)), 0.9);
/// assert_eq!(aimd.next(0.5, 0.1, outcomes(100, 0, 5)), 0.52);
/// assert_eq!(aimd.next(0.5, 0.1, outcomes(3, 0, 50)), 0.5); // most are not known yet
/// ```
///
/// Once in each interval: if more than the threshold of the outcomes were bad, the multiplier is multiplied by the decrease,
/// otherwise the increase is added, up to 1. With fewer outcomes than the minimum volume there is no verdict: the multiplier
/// stays where it is while many requests are under way, and their outcomes count when they are known; it recovers when there
/// are few, since otherwise a limit that lets few requests pass could never leave its floor.
///
/// Bad are statuses of 500 and above, the gRPC codes `UNAVAILABLE`, `RESOURCE_EXHAUSTED` and `DEADLINE_EXCEEDED`, errors of
/// the inner service, and responses whose head takes longer than the latency target, if one is set. **Set one**: a request
/// that hangs is bad as soon as it is late, not when it ends. Outcomes of requests from before the last decrease are left
/// out: they say nothing about what that decrease did. (Chiu and Jain, 1989, show why increase must be additive and
/// decrease multiplicative for many sources to converge.)
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aimd {
    pub(super) interval: Duration,
    threshold: f64,
    min_volume: u32,
    decrease: f64,
    increase: f64,
    pub(super) latency_target: Option<Duration>,
}

/// The outcomes of one interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// How many were good.
    pub good: u64,
    /// How many were bad.
    pub bad: u64,
    /// How many are not known yet: requests that are under way.
    pub open: u64,
}

impl Default for Aimd {
    /// An interval of 1 s, a threshold of 5 %, a minimum volume of 20, × 0.9 and + 0.02, and no latency target.
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(1),
            threshold: 0.05,
            min_volume: 20,
            decrease: 0.9,
            increase: 0.02,
            latency_target: None,
        }
    }
}

impl Aimd {
    /// Also counts a response as bad whose head comes later than `target` after its request.
    pub const fn latency_target(mut self, target: Duration) -> Self {
        self.latency_target = Some(target);
        self
    }

    /// Judges so often.
    ///
    /// # Errors
    ///
    /// If `interval` is not between 10 ms and an hour.
    pub fn interval(mut self, interval: Duration) -> Result<Self, ConfigError> {
        self.interval = checked_period("control interval", interval)?;
        Ok(self)
    }

    /// Tolerates this share of bad outcomes.
    ///
    /// # Errors
    ///
    /// If `share` is not at least 0 and less than 1.
    pub fn threshold(mut self, share: f64) -> Result<Self, ConfigError> {
        if !(0.0..1.0).contains(&share) {
            let value = share.to_string();
            return Err(ConfigError::new("threshold of bad outcomes", value, "0 to less than 1"));
        }
        self.threshold = share;
        Ok(self)
    }

    /// Judges no interval with fewer outcomes than this.
    pub const fn min_volume(mut self, outcomes: u32) -> Self {
        self.min_volume = outcomes;
        self
    }

    /// Multiplies by this.
    ///
    /// # Errors
    ///
    /// If `factor` is not more than 0 and less than 1.
    pub fn decrease(mut self, factor: f64) -> Result<Self, ConfigError> {
        if !(factor > 0.0 && factor < 1.0) {
            let value = factor.to_string();
            return Err(ConfigError::new("decrease", value, "a factor between 0 and 1"));
        }
        self.decrease = factor;
        Ok(self)
    }

    /// Adds this.
    ///
    /// # Errors
    ///
    /// If `step` is not more than 0 and at most 1.
    pub fn increase(mut self, step: f64) -> Result<Self, ConfigError> {
        if !(step > 0.0 && step <= 1.0) {
            let value = step.to_string();
            return Err(ConfigError::new("increase", value, "more than 0, at most 1"));
        }
        self.increase = step;
        Ok(self)
    }

    /// The multiplier that follows `multiplier` after an interval with such outcomes; never below `floor`.
    pub fn next(&self, multiplier: f64, floor: f64, outcomes: Window) -> f64 {
        let volume = outcomes.good + outcomes.bad;
        let enough = volume >= u64::from(self.min_volume.max(1));
        if self.is_open(outcomes) {
            multiplier
        } else if enough && outcomes.bad as f64 > self.threshold * volume as f64 {
            (multiplier * self.decrease).max(floor)
        } else {
            self.recovered(multiplier, 1)
        }
    }

    /// Whether too little is known for a verdict, and more will be.
    pub(super) fn is_open(&self, Window { good, bad, open }: Window) -> bool {
        let min_volume = u64::from(self.min_volume.max(1));
        good + bad < min_volume && good + bad + open >= min_volume
    }

    /// The multiplier after so many intervals without evidence of trouble.
    pub(super) fn recovered(&self, multiplier: f64, intervals: u64) -> f64 {
        (multiplier + self.increase * intervals as f64).min(1.0)
    }
}
