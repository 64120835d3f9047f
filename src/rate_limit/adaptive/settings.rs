use std::{fmt, time::Duration};

use super::Aimd;
use crate::{
    error::ConfigError,
    load::{LoadSignal, Ramp},
};

/// What makes a policy's limit adapt: the outcomes of its requests, the load of the machine, or both.
///
/// ```
/// use std::time::Duration;
/// use tower_weir::{load::{Ramp, SchedulingDelay}, rate_limit::{Adaptive, Aimd, Quota, RateLimitLayer}};
///
/// let layer = RateLimitLayer::new(Quota::per_second(500)).adaptive(
///     Adaptive::new()
///         .outcomes(Aimd::default().latency_target(Duration::from_millis(250)))
///         .load(SchedulingDelay, Ramp::new(0.010, 0.100)),
/// );
/// ```
///
/// There is one multiplier, from the floor (0.1) to 1. The policy's rate is multiplied by it, and with it what may come at
/// once; so every key adapts, and nothing is kept for keys. Of several sources the smallest counts. The multiplier can be
/// read and capped through a [`PolicyHandle`](crate::rate_limit::PolicyHandle), is a metric, and shows in the quota that
/// clients are told.
///
/// A burst cannot be taken back once it has passed: give an adaptive policy one that the service can take, a tenth of a
/// second's worth, say, rather than the whole period's.
///
/// Outcomes are judged while requests come, which takes no task. Load is sampled once a second by a task on the tokio runtime
/// that serves the first request; it ends with the last layer and service that it is for.
#[must_use]
pub struct Adaptive {
    pub(super) aimd: Option<Aimd>,
    pub(super) signals: Vec<(Box<dyn LoadSignal>, Ramp)>,
    pub(super) sampling: Duration,
    pub(super) smoothing: Duration,
    pub(super) floor: f64,
}

impl Default for Adaptive {
    /// By [outcomes](Adaptive::outcomes), with [`Aimd::default`].
    fn default() -> Self {
        Self::new().outcomes(Aimd::default())
    }
}

impl Adaptive {
    /// By nothing yet: the multiplier stays 1.
    pub const fn new() -> Self {
        let (sampling, smoothing) = (Duration::from_secs(1), Duration::from_secs(10));
        Self { aimd: None, signals: Vec::new(), sampling, smoothing, floor: 0.1 }
    }

    /// Follows the outcomes of the requests that the rule let pass.
    pub const fn outcomes(mut self, aimd: Aimd) -> Self {
        self.aimd = Some(aimd);
        self
    }

    /// Follows a load: the multiplier is 1 up to the ramp's soft threshold, and the floor from its hard one. May be given
    /// several times. See [`smoothing`](Adaptive::smoothing).
    pub fn load(mut self, signal: impl LoadSignal, ramp: Ramp) -> Self {
        self.signals.push((Box::new(signal), ramp));
        self
    }

    /// Samples the load once in each `period`, instead of once a second.
    ///
    /// # Errors
    ///
    /// If `period` is not between 10 ms and an hour.
    pub fn sampling(mut self, period: Duration) -> Result<Self, ConfigError> {
        self.sampling = checked_period("sampling period", period)?;
        Ok(self)
    }

    /// Goes by the mean load of about so long, weighted exponentially; 10 s otherwise, zero for single samples.
    ///
    /// A load falls as soon as its limit does. Without a mean the limit would rise again at once, load the machine again, and so
    /// on: in the simulation it swings between its floor and 1, and serves less than it would unlimited.
    pub const fn smoothing(mut self, mean: Duration) -> Self {
        self.smoothing = mean;
        self
    }

    /// Keeps the multiplier from falling below `floor`; 0.1 otherwise.
    ///
    /// # Errors
    ///
    /// If `floor` is not between 0.001 and 1.
    pub fn floor(mut self, floor: f64) -> Result<Self, ConfigError> {
        self.floor = checked_share("floor", floor)?;
        Ok(self)
    }
}

impl fmt::Debug for Adaptive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signals: Vec<_> = self.signals.iter().map(|(signal, _)| signal.name()).collect();
        f.debug_struct("Adaptive")
            .field("outcomes", &self.aimd)
            .field("load", &signals)
            .field("floor", &self.floor)
            .finish_non_exhaustive()
    }
}

/// A share of a rate. With less than a thousandth a key could be shut out for years by a single request.
pub(in crate::rate_limit) fn checked_share(
    field: &'static str,
    share: f64,
) -> Result<f64, ConfigError> {
    if (0.001..=1.0).contains(&share) {
        Ok(share)
    } else {
        Err(ConfigError::new(field, share.to_string(), "0.001 to 1"))
    }
}

pub(super) fn checked_period(
    field: &'static str,
    period: Duration,
) -> Result<Duration, ConfigError> {
    if (Duration::from_millis(10)..=Duration::from_secs(3600)).contains(&period) {
        Ok(period)
    } else {
        Err(ConfigError::new(field, format!("{period:?}"), "10 ms to 1 h"))
    }
}
