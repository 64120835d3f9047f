use std::time::Duration;

use super::counts::{Counts, Outcome};
use crate::{
    clock::{Timestamp, nanos},
    error::ConfigError,
};

/// Which calls a breaker goes by: those of the last so many seconds, or the last so many; and how many there must be at least.
///
/// ```
/// use std::time::Duration;
/// use tower_weir::circuit_breaker::Window;
///
/// let busy = Window::by_time(Duration::from_secs(10), 20)?; // the default
/// let quiet = Window::by_count(50, 10)?; // for a service that is called once in a while
/// assert!(Window::by_count(50, 51).is_err()); // they would never be enough
/// # Ok::<(), tower_weir::error::ConfigError>(())
/// ```
///
/// A window by time moves on in steps of a tenth of its length. Without the minimum the first call that fails after a quiet
/// time would be all calls that fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    span: Span,
    pub(super) minimum: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Span {
    Time(Duration),
    Count(u32),
}

const BUCKETS: usize = 10;
/// So many calls take 200 kB, of each key.
const MOST_CALLS: u32 = 100_000;

impl Window {
    /// The calls that ended within the last `length`. There must be `minimum` of them.
    ///
    /// # Errors
    ///
    /// If `length` is less than a millisecond, or `minimum` is 0.
    pub fn by_time(length: Duration, minimum: u32) -> Result<Self, ConfigError> {
        if length < Duration::from_millis(1) {
            return Err(ConfigError::new("window", format!("{length:?}"), "1 ms or longer"));
        }
        if minimum == 0 {
            return Err(ConfigError::new("minimum of calls", "0", "1 or more"));
        }
        Ok(Self { span: Span::Time(length), minimum })
    }

    /// Whether it counts the same calls as another, whatever follows from them.
    #[cfg(feature = "config")]
    pub(super) fn counts_alike(&self, other: &Self) -> bool {
        self.span == other.span
    }

    /// The last `calls` that ended. There must be `minimum` of them.
    ///
    /// # Errors
    ///
    /// If `calls` is not between 1 and 100,000, or `minimum` not between 1 and `calls`.
    pub fn by_count(calls: u32, minimum: u32) -> Result<Self, ConfigError> {
        if !(1..=MOST_CALLS).contains(&calls) {
            return Err(ConfigError::new("window", calls.to_string(), "1 to 100000 calls"));
        }
        if !(1..=calls).contains(&minimum) {
            let allowed = format!("1 to {calls}, which is all of the window");
            return Err(ConfigError::new("minimum of calls", minimum.to_string(), allowed));
        }
        Ok(Self { span: Span::Count(calls), minimum })
    }
}

impl Default for Window {
    /// 10 s, and 20 calls at least.
    fn default() -> Self {
        Self { span: Span::Time(Duration::from_secs(10)), minimum: 20 }
    }
}

/// Counts the calls of a window. Whatever is done takes a time that the number of calls has no part in.
#[derive(Clone, Debug)]
pub(super) enum Sliding {
    Time(Buckets),
    Count(Ring),
}

/// A window by time, in tenths.
#[derive(Clone, Debug)]
pub(super) struct Buckets {
    width: u64,
    counts: [Counts; BUCKETS],
    /// The one that is being filled, and the nanosecond at which it is the next one's turn.
    at: usize,
    end: u64,
    total: Counts,
}

/// A window by count.
#[derive(Clone, Debug)]
pub(super) struct Ring {
    /// In the order of their coming until it is full; then `next` is the oldest.
    outcomes: Vec<Outcome>,
    capacity: usize,
    next: usize,
    total: Counts,
}

impl Sliding {
    pub(super) fn new(window: Window) -> Self {
        match window.span {
            Span::Time(length) => Self::Time(Buckets {
                width: (nanos(length) / BUCKETS as u64).max(1),
                counts: [Counts::default(); BUCKETS],
                at: 0,
                end: 0,
                total: Counts::default(),
            }),
            Span::Count(calls) => Self::Count(Ring {
                outcomes: Vec::new(),
                capacity: calls as usize,
                next: 0,
                total: Counts::default(),
            }),
        }
    }

    /// Leaves behind what is too old by now.
    pub(super) fn advance(&mut self, now: Timestamp) {
        if let Self::Time(buckets) = self {
            buckets.advance(now.as_nanos());
        }
    }

    /// So many calls with this outcome ended, before what it advances to next.
    pub(super) fn add(&mut self, outcome: Outcome, times: u32) {
        match self {
            Self::Time(buckets) => {
                buckets.counts[buckets.at].add(outcome, times);
                buckets.total.add(outcome, times);
            }
            Self::Count(ring) => {
                (0..times.min(ring.capacity as u32)).for_each(|_| ring.add(outcome));
            }
        }
    }

    pub(super) fn total(&self) -> Counts {
        match self {
            Self::Time(buckets) => buckets.total,
            Self::Count(ring) => ring.total,
        }
    }

    /// Until when calls may be added without advancing, in nanoseconds.
    pub(super) fn until(&self) -> u64 {
        match self {
            Self::Time(buckets) => buckets.end,
            Self::Count(_) => u64::MAX,
        }
    }

    pub(super) fn clear(&mut self) {
        match self {
            Self::Time(buckets) => buckets.clear(),
            Self::Count(ring) => {
                ring.outcomes.clear();
                (ring.next, ring.total) = (0, Counts::default());
            }
        }
    }
}

impl Buckets {
    fn advance(&mut self, now: u64) {
        if now < self.end {
            return;
        }
        let steps = (now - self.end) / self.width + 1;
        self.end = self.end.saturating_add(steps.saturating_mul(self.width));
        if steps >= BUCKETS as u64 {
            return self.clear();
        }
        for _ in 0..steps {
            self.at = (self.at + 1) % BUCKETS;
            self.total = self.total.minus(std::mem::take(&mut self.counts[self.at]));
        }
    }

    fn clear(&mut self) {
        self.counts = [Counts::default(); BUCKETS];
        self.total = Counts::default();
    }
}

impl Ring {
    fn add(&mut self, outcome: Outcome) {
        if self.outcomes.len() < self.capacity {
            // All of it at once, if this is the first.
            self.outcomes.reserve_exact(self.capacity - self.outcomes.len());
            self.outcomes.push(outcome);
        } else {
            let mut oldest = Counts::default();
            oldest.add(std::mem::replace(&mut self.outcomes[self.next], outcome), 1);
            self.total = self.total.minus(oldest);
            self.next = (self.next + 1) % self.capacity;
        }
        self.total.add(outcome, 1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn outcomes() -> impl Strategy<Value = Outcome> {
        (any::<bool>(), any::<bool>()).prop_map(|(failed, slow)| Outcome { failed, slow })
    }

    fn counted<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Counts {
        let mut counts = Counts::default();
        outcomes.for_each(|outcome| counts.add(*outcome, 1));
        counts
    }

    proptest! {
        #[test]
        fn a_window_by_count_holds_the_last_ones(
            size in 1_u32..20,
            seen in prop::collection::vec(outcomes(), 0..100),
        ) {
            let mut window = Sliding::new(Window::by_count(size, 1).unwrap());
            for (n, outcome) in seen.iter().enumerate() {
                window.add(*outcome, 1);
                let last = seen[..=n].iter().rev().take(size as usize);
                prop_assert_eq!(window.total(), counted(last));
            }
        }

        #[test]
        fn a_window_by_time_holds_those_of_the_last_ten_steps(
            steps in prop::collection::vec((0_u64..3_000, outcomes()), 0..200),
        ) {
            const SECOND: u64 = 1_000_000_000;
            let mut window = Sliding::new(Window::by_time(Duration::from_secs(10), 1).unwrap());
            let (mut now, mut seen) = (7 * SECOND, Vec::new());
            for (millis, outcome) in steps {
                now += millis * 1_000_000;
                window.advance(Timestamp::from_nanos(now));
                window.add(outcome, 1);
                seen.push((now, outcome));
                let recent = seen.iter().filter(|(at, _)| now / SECOND - at / SECOND < 10);
                prop_assert_eq!(window.total(), counted(recent.map(|(_, outcome)| outcome)));
                prop_assert_eq!(window.until(), (now / SECOND + 1) * SECOND);
            }
        }
    }

    #[test]
    fn many_at_once_are_as_many_one_by_one() {
        let mut window = Sliding::new(Window::by_count(5, 1).unwrap());
        window.add(Outcome::FAILURE, 3);
        window.add(Outcome::SUCCESS, 4);
        assert_eq!((window.total().calls, window.total().failures), (5, 1));
        window.add(Outcome::SUCCESS, u32::MAX);
        assert_eq!((window.total().calls, window.total().failures), (5, 0));
        window.add(Outcome::FAILURE, 1);
        window.clear();
        assert_eq!(window.total(), Counts::default());
    }

    #[test]
    fn a_clock_that_goes_back_or_far_ahead_does_no_harm() {
        let mut window = Sliding::new(Window::default());
        window.advance(Timestamp::from_nanos(u64::MAX));
        window.add(Outcome::FAILURE, 1);
        window.advance(Timestamp::from_nanos(5));
        window.add(Outcome::FAILURE, u32::MAX);
        assert_eq!(window.total().failures, u32::MAX);
        window.advance(Timestamp::from_nanos(u64::MAX));
    }
}
