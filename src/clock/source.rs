use std::{fmt, time::Duration};

#[cfg(feature = "_tokio")]
use super::runtime::RuntimeClock;
use super::{ManualClock, Timestamp, system};

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
/// Clones read the same clock. The system clock is the monotonic one (`CLOCK_MONOTONIC` on Linux): setting the wall clock or a
/// leap second does not move it, so no quota is given away or taken. Where Linux keeps it by the processor's time stamp
/// counter, a thread reads it about once in a millisecond and counts on by that counter in between, which takes half the
/// time. Each reading verifies the last; if they ever disagree by more than 0.1 %, the counter is given up for good.
#[derive(Clone, Default)]
pub struct Clock(Source);

#[derive(Clone, Default)]
enum Source {
    #[default]
    System,
    Manual(ManualClock),
    #[cfg(feature = "_tokio")]
    Runtime(RuntimeClock),
}

impl Clock {
    /// The machine's clocks.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still, and the hand that moves it.
    pub fn manual() -> (Self, ManualClock) {
        let hand = ManualClock::default();
        (Self(Source::Manual(hand.clone())), hand)
    }

    /// The clock of tokio's timers, which stands still where a test has paused them and moves as they are advanced. Outside of
    /// tests the [system's](Clock::system) is the same and faster.
    #[cfg(feature = "_tokio")]
    pub fn runtime() -> Self {
        Self(Source::Runtime(RuntimeClock::new()))
    }

    /// The time now. It never goes backwards within a thread, and between threads by no more than about a microsecond.
    #[inline]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Source::System => Timestamp::from_nanos(super::tsc::now()),
            #[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
            Source::System => Timestamp::from_nanos(system::monotonic()),
            Source::Manual(hand) => hand.now(),
            #[cfg(feature = "_tokio")]
            Source::Runtime(clock) => clock.now(),
        }
    }

    /// The wall clock, as the time since 1970-01-01T00:00:00Z. For what a client is told, never for a decision.
    pub fn unix_time(&self) -> Duration {
        match &self.0 {
            Source::System => system::unix_time(),
            Source::Manual(hand) => {
                Duration::from_nanos(hand.now().as_nanos()) + ManualClock::EPOCH
            }
            #[cfg(feature = "_tokio")]
            Source::Runtime(clock) => clock.unix_time(),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Clock::System",
            Source::Manual(_) => "Clock::Manual",
            #[cfg(feature = "_tokio")]
            Source::Runtime(_) => "Clock::Runtime",
        })
    }
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
