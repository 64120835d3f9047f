//! What settings of several limits may be.

use crate::error::ConfigError;

pub(super) const SHARE_FAULT: &str = "a smoothing must be more than 0 and at most 1";

/// Whether so much of a change can be taken.
pub(super) const fn is_share(share: f64) -> bool {
    share > 0.0 && share <= 1.0
}

pub(super) fn checked_share(field: &'static str, share: f64) -> Result<f64, ConfigError> {
    if is_share(share) {
        Ok(share)
    } else {
        Err(ConfigError::new(field, share.to_string(), "more than 0, at most 1"))
    }
}

pub(super) const TOLERANCE_FAULT: &str = "a tolerance must be from 1 to 100";

/// Whether a latency of so many times the usual one can be tolerated.
pub(super) const fn is_tolerance(times: f64) -> bool {
    times >= 1.0 && times <= 100.0
}

pub(super) fn checked_tolerance(times: f64) -> Result<f64, ConfigError> {
    if is_tolerance(times) {
        Ok(times)
    } else {
        Err(ConfigError::new("tolerance", times.to_string(), "from 1 to 100"))
    }
}
