use std::{fmt, time::Duration};

use crate::{clock::nanos, error::ConfigError};

/// How many requests may pass: a rate, and how many of them may come at once.
///
/// ```
/// use std::time::Duration;
/// use tower_weir::rate_limit::Quota;
///
/// const LOGIN: Quota = Quota::per_second(5).burst(10); // a zero here would not compile
/// let from_configuration: Quota = "100/minute; burst=20".parse()?;
/// assert_eq!(from_configuration, Quota::per_minute(100).burst(20));
/// assert_eq!(Quota::every(Duration::from_millis(250)).to_string(), "1 per 250ms");
/// # Ok::<(), tower_weir::error::ConfigError>(())
/// ```
///
/// A key starts with its whole burst. What it uses comes back one by one, evenly over the period: with 5 a second, one
/// every 200 ms. That interval is rounded up to whole nanoseconds. The burst is the number of requests of the rate unless it
/// is said otherwise.
///
/// ```compile_fail
/// const NOTHING: tower_weir::rate_limit::Quota = tower_weir::rate_limit::Quota::per_second(0);
/// ```
///
/// So in the first period a key can pass up to `burst` requests and those that came back meanwhile, almost twice the
/// number; a [strict](Quota::strict) quota never lets more than the number pass in any period.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quota {
    count: u32,
    /// In nanoseconds.
    period: u64,
    burst: u32,
    strict: bool,
}

pub(super) const SECOND: u64 = 1_000_000_000;
pub(super) const MINUTE: u64 = 60 * SECOND;
pub(super) const HOUR: u64 = 60 * MINUTE;
pub(super) const DAY: u64 = 24 * HOUR;

/// The longest time for a whole burst to come back: 100 years. Far from it, sums of times cannot overflow 64 bits.
pub(super) const LONGEST: u64 = 36_525 * DAY;

/// What can be wrong with a quota.
#[derive(Clone, Copy)]
enum Fault {
    Count,
    Period,
    Rate,
    Burst,
    Tolerance,
    Strict,
}

impl Fault {
    const fn message(self) -> &'static str {
        match self {
            Self::Count => "the number of requests must be at least 1",
            Self::Period => "the period must be longer than zero",
            Self::Rate => "the rate must be at most one request per nanosecond",
            Self::Burst => "the burst must be at least 1",
            Self::Tolerance => "the burst must come back within 100 years at the quota's rate",
            Self::Strict => "the burst of a strict quota must be at most its number of requests",
        }
    }
}

impl Quota {
    /// `count` requests a second.
    ///
    /// # Panics
    ///
    /// If `count` is 0; in a `const` that is a compile error.
    pub const fn per_second(count: u32) -> Self {
        Self::new(count, SECOND).checked()
    }

    /// `count` requests a minute.
    ///
    /// # Panics
    ///
    /// If `count` is 0; in a `const` that is a compile error.
    pub const fn per_minute(count: u32) -> Self {
        Self::new(count, MINUTE).checked()
    }

    /// `count` requests an hour.
    ///
    /// # Panics
    ///
    /// If `count` is 0; in a `const` that is a compile error.
    pub const fn per_hour(count: u32) -> Self {
        Self::new(count, HOUR).checked()
    }

    /// `count` requests a day, which is 24 hours.
    ///
    /// # Panics
    ///
    /// If `count` is 0; in a `const` that is a compile error.
    pub const fn per_day(count: u32) -> Self {
        Self::new(count, DAY).checked()
    }

    /// One request in each `interval`, with a burst of 1.
    ///
    /// # Panics
    ///
    /// If `interval` is zero or longer than 100 years; in a `const` that is a compile error.
    pub const fn every(interval: Duration) -> Self {
        let nanos = interval.as_nanos();
        assert!(nanos <= LONGEST as u128, "the interval must be at most 100 years");
        Self::new(1, nanos as u64).checked()
    }

    /// Lets up to `burst` requests come at once.
    ///
    /// # Panics
    ///
    /// If `burst` is 0, or takes over 100 years to come back at the quota's rate, or if the quota is strict and `burst`
    /// more than its number of requests. In a `const` that is a compile error.
    pub const fn burst(self, burst: u32) -> Self {
        Self { burst, ..self }.checked()
    }

    /// Lets never more than the quota's number of requests pass in any stretch of time as long as its period.
    ///
    /// For that what was used comes back more slowly: one in each `period / (count - burst + 1)`. So a strict quota wants a
    /// small burst; with a burst as large as its number only one request comes back in each period.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_weir::rate_limit::Quota;
    ///
    /// let quota = Quota::per_minute(100).burst(41).strict();
    /// assert_eq!(quota.interval(), Duration::from_secs(1));
    /// ```
    ///
    /// # Panics
    ///
    /// If the burst is more than the number of requests; in a `const` that is a compile error.
    pub const fn strict(self) -> Self {
        Self { strict: true, ..self }.checked()
    }

    /// `count` requests in each `period`: [`Quota::per_second`] and its kin for values that are not known to be right.
    ///
    /// # Errors
    ///
    /// If `count` or `period` is zero, or the quota out of range.
    pub fn try_new(count: u32, period: Duration) -> Result<Self, ConfigError> {
        Self::new(count, nanos(period)).try_checked()
    }

    /// As [`Quota::per_second`].
    ///
    /// # Errors
    ///
    /// If `count` is 0.
    pub fn try_per_second(count: u32) -> Result<Self, ConfigError> {
        Self::new(count, SECOND).try_checked()
    }

    /// As [`Quota::per_minute`].
    ///
    /// # Errors
    ///
    /// If `count` is 0.
    pub fn try_per_minute(count: u32) -> Result<Self, ConfigError> {
        Self::new(count, MINUTE).try_checked()
    }

    /// As [`Quota::per_hour`].
    ///
    /// # Errors
    ///
    /// If `count` is 0.
    pub fn try_per_hour(count: u32) -> Result<Self, ConfigError> {
        Self::new(count, HOUR).try_checked()
    }

    /// As [`Quota::per_day`].
    ///
    /// # Errors
    ///
    /// If `count` is 0.
    pub fn try_per_day(count: u32) -> Result<Self, ConfigError> {
        Self::new(count, DAY).try_checked()
    }

    /// As [`Quota::every`].
    ///
    /// # Errors
    ///
    /// If `interval` is zero or longer than 100 years.
    pub fn try_every(interval: Duration) -> Result<Self, ConfigError> {
        Self::try_new(1, interval)
    }

    /// As [`Quota::burst`].
    ///
    /// # Errors
    ///
    /// Where that panics.
    pub fn try_burst(self, burst: u32) -> Result<Self, ConfigError> {
        Self { burst, ..self }.try_checked()
    }

    /// As [`Quota::strict`].
    ///
    /// # Errors
    ///
    /// Where that panics.
    pub fn try_strict(self) -> Result<Self, ConfigError> {
        Self { strict: true, ..self }.try_checked()
    }

    /// The number of requests of the rate.
    pub const fn count(self) -> u32 {
        self.count
    }

    /// The period of the rate.
    pub const fn period(self) -> Duration {
        Duration::from_nanos(self.period)
    }

    /// How many requests may come at once.
    pub const fn burst_size(self) -> u32 {
        self.burst
    }

    /// Whether no stretch of time as long as the period may see more than the number of requests.
    pub const fn is_strict(self) -> bool {
        self.strict
    }

    /// After what time one request comes back: the emission interval of GCRA.
    pub const fn interval(self) -> Duration {
        Duration::from_nanos(self.interval_nanos())
    }

    const fn new(count: u32, period: u64) -> Self {
        Self { count, period, burst: count, strict: false }
    }

    const fn interval_nanos(self) -> u64 {
        // Within a half-open stretch of length `period` GCRA lets `burst` through at once and then one for each interval
        // that ends inside, `ceil(period / interval) - 1`; that sum must not exceed `count`.
        let parts = if self.strict { self.count - self.burst + 1 } else { self.count };
        self.period.div_ceil(parts as u64)
    }

    const fn fault(self) -> Option<Fault> {
        if self.count == 0 {
            return Some(Fault::Count);
        }
        if self.period == 0 {
            return Some(Fault::Period);
        }
        if (self.count as u64) > self.period {
            return Some(Fault::Rate);
        }
        if self.burst == 0 {
            return Some(Fault::Burst);
        }
        if self.strict && self.burst > self.count {
            return Some(Fault::Strict);
        }
        if self.interval_nanos() as u128 * self.burst as u128 > LONGEST as u128 {
            return Some(Fault::Tolerance);
        }
        None
    }

    const fn checked(self) -> Self {
        match self.fault() {
            Some(fault) => panic!("{}", fault.message()),
            None => self,
        }
    }

    pub(super) fn try_checked(self) -> Result<Self, ConfigError> {
        match self.fault() {
            Some(fault) => Err(ConfigError::new("quota", self.to_string(), fault.message())),
            None => Ok(self),
        }
    }

    /// The quota as text gives it, before it is checked.
    pub(super) const fn from_parts(
        count: u32,
        period: u64,
        burst: Option<u32>,
        strict: bool,
    ) -> Self {
        let burst = match burst {
            Some(burst) => burst,
            None => count,
        };
        Self { count, period, burst, strict }
    }
}

impl fmt::Debug for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quota({self})")
    }
}
