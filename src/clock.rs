//! The one place that reads time.
//!
//! A decision takes `now` as an argument; only a layer asks a [`Clock`] for it, once per decision. So the same code runs
//! against the machine's monotonic clock in production and against a [`ManualClock`] in tests, which never sleep.

use std::{
    fmt,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

/// A point on a [`Clock`]: nanoseconds since that clock's origin.
///
/// Two timestamps can be compared only if they come from the same clock. 64 bits of nanoseconds last 584 years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The timestamp `nanos` nanoseconds after the origin.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the origin.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; zero if it is not after it, as when a clock went backwards.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The timestamp `later` after this one, or the last there is.
    pub fn saturating_add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(nanos(later)))
    }
}

/// Where a layer reads time: the machine's clocks by default, or a [`ManualClock`].
///
/// ```
/// use std::time::Duration;
/// use tower_weir::clock::Clock;
///
/// let (clock, hand) = Clock::manual();
/// let before = clock.now();
/// hand.advance(Duration::from_secs(3));
/// assert_eq!(clock.now().saturating_since(before), Duration::from_secs(3));
/// ```
///
/// Clones read the same clock. The system clock is monotonic (`CLOCK_MONOTONIC` on Linux): setting the wall clock or a
/// leap second does not move it, so no quota is given away or taken.
#[derive(Clone, Default)]
pub struct Clock(Source);

#[derive(Clone, Default)]
enum Source {
    #[default]
    System,
    Manual(ManualClock),
}

/// All system clocks share one origin, so that timestamps of one process can be compared.
static ORIGIN: LazyLock<Instant> = LazyLock::new(read_monotonic);

#[expect(clippy::disallowed_methods, reason = "this module is where time is read")]
fn read_monotonic() -> Instant {
    Instant::now()
}

impl Clock {
    /// The machine's clocks.
    pub fn system() -> Self {
        // The origin is set when a clock is made, not when it is first read: a read is then one load and one call.
        LazyLock::force(&ORIGIN);
        Self(Source::System)
    }

    /// A clock that stands still, and the hand that moves it.
    pub fn manual() -> (Self, ManualClock) {
        let hand = ManualClock::default();
        (Self(Source::Manual(hand.clone())), hand)
    }

    /// The time now. One call to the operating system's monotonic clock (about 20 ns on Linux).
    #[inline]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => {
                let since = read_monotonic().saturating_duration_since(*ORIGIN);
                // Whole seconds as u64 instead of `as_nanos`: 128-bit arithmetic is a measurable part of a decision.
                Timestamp(since.as_secs() * 1_000_000_000 + u64::from(since.subsec_nanos()))
            }
            Source::Manual(hand) => Timestamp(hand.nanos.load(Ordering::SeqCst)),
        }
    }

    /// The wall clock, as the time since 1970-01-01T00:00:00Z. For what a client is told, never for a decision.
    pub fn unix_time(&self) -> Duration {
        match &self.0 {
            Source::System => {
                #[expect(clippy::disallowed_methods, reason = "this module is where time is read")]
                let now = SystemTime::now();
                now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
            }
            Source::Manual(hand) => {
                Duration::from_nanos(hand.nanos.load(Ordering::SeqCst)) + ManualClock::EPOCH
            }
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Clock::System",
            Source::Manual(_) => "Clock::Manual",
        })
    }
}

/// The hand of a manual clock: time passes when a test says so.
///
/// Clones move the same clock. It starts an hour after its origin, so that a test may also turn it back.
#[derive(Clone, Debug)]
pub struct ManualClock {
    nanos: Arc<AtomicU64>,
}

impl Default for ManualClock {
    fn default() -> Self {
        Self { nanos: Arc::new(AtomicU64::new(3600 * 1_000_000_000)) }
    }
}

impl ManualClock {
    /// The wall time at the origin of every manual clock: 2026-01-01T00:00:00Z.
    pub const EPOCH: Duration = Duration::from_secs(1_767_225_600);

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        self.nanos.fetch_add(nanos(by), Ordering::SeqCst);
    }

    /// Turns the clock back, as a faulty clock would; not past its origin.
    pub fn turn_back(&self, by: Duration) {
        let by = nanos(by);
        let _ = self
            .nanos
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |now| Some(now.saturating_sub(by)));
    }
}

/// A duration in nanoseconds, capped at the 584 years that 64 bits hold.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_never_goes_backwards() {
        let clock = Clock::system();
        let mut last = clock.now();
        for _ in 0..10_000 {
            let now = clock.now();
            assert!(now >= last);
            last = now;
        }
    }

    #[test]
    fn clones_read_the_same_manual_clock() {
        let (clock, hand) = Clock::manual();
        let other = clock.clone();
        let (start, wall) = (clock.now(), clock.unix_time());
        hand.advance(Duration::from_millis(1_500));
        assert_eq!(other.now().saturating_since(start), Duration::from_millis(1_500));
        assert_eq!(other.unix_time() - wall, Duration::from_millis(1_500));
        hand.turn_back(Duration::from_secs(1));
        assert_eq!(other.now().saturating_since(start), Duration::from_millis(500));
        assert_eq!(start.saturating_since(other.now()), Duration::ZERO);
    }
}
