use std::time::Duration;

use super::Window;
use crate::error::ConfigError;

/// When a breaker opens, for how long, and when it closes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) window: Window,
    pub(super) failure_share: f64,
    pub(super) slow: Option<Slow>,
    pub(super) open: OpenTime,
    pub(super) probing: Probing,
}

/// From when on a call is slow, and at what share of such calls it opens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slow {
    pub(super) from: Duration,
    pub(super) share: f64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct OpenTime {
    pub(super) first: Duration,
    pub(super) longest: Duration,
    pub(super) jitter: f64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Probing {
    /// So many must succeed,
    pub(super) required: u32,
    /// of so many at most.
    pub(super) of: u32,
    pub(super) at_once: u32,
    pub(super) timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            window: Window::default(),
            failure_share: 0.5,
            slow: None,
            open: OpenTime {
                first: Duration::from_secs(5),
                longest: Duration::from_secs(60),
                jitter: 0.2,
            },
            probing: Probing { required: 4, of: 5, at_once: 3, timeout: Duration::from_secs(10) },
        }
    }
}

impl OpenTime {
    /// How long it is open when it was so many times before, by a random number from 0 to 1.
    ///
    /// The first time, doubled for each, give or take the jitter. At the longest time the jitter only takes: if it gave, what
    /// goes beyond would be cut, and many breakers would come back at the same time again.
    pub(super) fn period(&self, before: u32, chance: f64) -> Duration {
        let doubled = 2_u32.checked_pow(before).and_then(|times| self.first.checked_mul(times));
        let base = doubled.unwrap_or(Duration::MAX).min(self.longest).as_secs_f64();
        let high = (base * (1.0 + self.jitter)).min(self.longest.as_secs_f64());
        let low = base * (1.0 - self.jitter);
        Duration::try_from_secs_f64(low + (high - low) * chance).unwrap_or(self.longest)
    }
}

pub(super) fn checked_share(field: &'static str, share: f64) -> Result<f64, ConfigError> {
    if share > 0.0 && share <= 1.0 {
        Ok(share)
    } else {
        Err(ConfigError::new(field, share.to_string(), "above 0, and 1 at most"))
    }
}

pub(super) fn checked_duration(
    field: &'static str,
    duration: Duration,
) -> Result<Duration, ConfigError> {
    if duration.is_zero() {
        Err(ConfigError::new(field, format!("{duration:?}"), "longer than nothing"))
    } else {
        Ok(duration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECS: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn the_open_time_doubles_up_to_the_longest() {
        let open = OpenTime { jitter: 0.0, ..Settings::default().open };
        let periods: Vec<_> = (0..6).map(|before| open.period(before, 0.5).as_secs()).collect();
        assert_eq!(periods, [5, 10, 20, 40, 60, 60]);
        assert_eq!(open.period(u32::MAX, 0.5), SECS(60));
    }

    #[test]
    fn the_jitter_spreads_and_never_goes_beyond_the_longest() {
        let open = Settings::default().open;
        assert_eq!((open.period(0, 0.0), open.period(0, 1.0)), (SECS(4), SECS(6)));
        assert_eq!((open.period(3, 0.0), open.period(3, 1.0)), (SECS(32), SECS(48)));
        assert_eq!((open.period(9, 0.0), open.period(9, 1.0)), (SECS(48), SECS(60)));
        assert_eq!(open.period(9, 0.5), SECS(54));
    }

    #[test]
    fn the_longest_time_there_is_does_no_harm() {
        let open = OpenTime { first: Duration::MAX, longest: Duration::MAX, jitter: 1.0 };
        assert!(open.period(3, 1.0) >= SECS(1));
    }
}
