//! What came when: since the beginning, and in the last minute, five minutes and hour.

use std::{collections::VecDeque, time::Duration};

use serde::Serialize;

use super::totals::Totals;
use crate::clock::{Timestamp, nanos};

/// Some time up to now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// Since the profile was made or last reset.
    #[default]
    Lifetime,
    /// The last minute.
    Minute,
    /// The last five minutes.
    FiveMinutes,
    /// The last hour.
    Hour,
}

impl Window {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Lifetime, Self::Minute, Self::FiveMinutes, Self::Hour];

    /// Its name in JSON, such as `five_minutes`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lifetime => "lifetime",
            Self::Minute => "minute",
            Self::FiveMinutes => "five_minutes",
            Self::Hour => "hour",
        }
    }

    /// The place of its ring.
    fn ring(self) -> Option<usize> {
        (self as usize).checked_sub(1)
    }
}

/// By [`Window::ring`]: how long a slice is, and how many make the window.
const RINGS: [(Duration, u64); 3] =
    [(Duration::from_secs(5), 12), (Duration::from_secs(30), 10), (Duration::from_secs(300), 12)];

/// The slices of a window, each with what came in it.
#[derive(Debug, Default)]
struct Ring {
    /// The oldest first, without those in which nothing came.
    slices: VecDeque<(u64, Totals)>,
}

/// What was counted, by the time at which it was.
///
/// Requests are counted once, in counters that only rise. From time to time, at the first request of each five seconds and
/// whenever somebody reads, [`History::turn`] takes what they have risen by and adds it to the slice in which that was.
#[derive(Debug)]
pub(super) struct History {
    since: Timestamp,
    /// When the last turn was.
    turned: Timestamp,
    /// What the counters were at then.
    seen: Totals,
    lifetime: Totals,
    rings: [Ring; RINGS.len()],
}

impl History {
    /// That begins now, of a profile that began before.
    pub(super) fn new(since: Timestamp, now: Timestamp) -> Self {
        Self {
            since,
            turned: now,
            seen: Totals::default(),
            lifetime: Totals::default(),
            rings: Default::default(),
        }
    }

    /// When the next turn is due: all that is counted until then is in the slice of this one.
    pub(super) fn due(&self) -> Timestamp {
        let slice = nanos(RINGS[0].0);
        Timestamp::from_nanos((self.turned.as_nanos() / slice + 1).saturating_mul(slice))
    }

    /// Takes over what the counters are at now.
    ///
    /// What they have risen by since the last turn came in the slice of that turn, as whoever comes first in the next one
    /// turns before it counts.
    pub(super) fn turn(&mut self, now: Timestamp, counted: Totals) {
        let new = counted.since(&self.seen);
        if !new.is_empty() {
            self.lifetime.add(&new);
            for (ring, (width, length)) in self.rings.iter_mut().zip(RINGS) {
                ring.add(self.turned.as_nanos() / nanos(width), length, &new);
            }
        }
        self.seen = counted;
        self.turned = self.turned.max(now);
    }

    /// Forgets all that came before `now`.
    pub(super) fn reset(&mut self, now: Timestamp, counted: Totals) {
        *self = Self { seen: counted, ..Self::new(now, now) };
    }

    /// What came in a window, and how long that is: a window begins with a slice, and nothing is older than the history.
    pub(super) fn read(&self, window: Window, now: Timestamp) -> (Totals, Duration) {
        let age = now.saturating_since(self.since);
        let Some(ring) = window.ring() else { return (self.lifetime.clone(), age) };
        let (width, length) = RINGS[ring];
        let width = nanos(width);
        let first = (now.as_nanos() / width + 1).saturating_sub(length);
        let slices = self.rings[ring].slices.iter().filter(|(at, _)| *at >= first);
        let totals = Totals::sum(slices.map(|(_, totals)| totals));
        let covered = Duration::from_nanos(now.as_nanos().saturating_sub(first * width));
        (totals, covered.min(age))
    }
}

impl Ring {
    fn add(&mut self, at: u64, length: u64, new: &Totals) {
        match self.slices.back_mut() {
            Some((last, totals)) if *last == at => totals.add(new),
            _ => self.slices.push_back((at, new.clone())),
        }
        while self.slices.front().is_some_and(|(first, _)| first + length <= at) {
            self.slices.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::profile::Outcome;

    fn at(secs: f64) -> Timestamp {
        Timestamp::from_nanos((secs * 1e9) as u64)
    }

    #[test]
    fn a_window_forgets_what_is_older_than_it() {
        let mut history = History::new(at(0.0), at(0.0));
        let mut counted = Totals::default();
        counted.outcomes[0] = 6;
        history.turn(at(2.0), counted.clone());
        let seen = |history: &History, now: f64| {
            Window::ALL.map(|window| history.read(window, at(now)).0.ended())
        };
        assert_eq!(seen(&history, 2.0), [6, 6, 6, 6]);
        assert_eq!(seen(&history, 59.9), [6, 6, 6, 6]);
        assert_eq!(seen(&history, 61.0), [6, 0, 6, 6]);
        assert_eq!(seen(&history, 301.0), [6, 0, 0, 6]);
        assert_eq!(seen(&history, 3_601.0), [6, 0, 0, 0]);
        history.turn(at(3_601.0), counted.clone());
        counted.outcomes[0] = 8;
        history.turn(at(3_602.0), counted.clone());
        assert_eq!(seen(&history, 3_602.0), [8, 2, 2, 2]);
        assert_eq!(history.read(Window::Minute, at(3_602.0)).1, Duration::from_secs(57));
        history.reset(at(3_603.0), counted.clone());
        assert_eq!(seen(&history, 3_603.0), [0, 0, 0, 0]);
        counted.outcomes[0] = 9;
        history.turn(at(3_604.0), counted);
        assert_eq!(seen(&history, 3_604.0), [1, 1, 1, 1]);
        assert_eq!(history.read(Window::Hour, at(3_604.0)).1, Duration::from_secs(1));
    }

    /// As a request is counted step by step, its outcome last, somebody may read in between.
    #[test]
    fn what_is_read_halfway_is_not_lost() {
        let mut history = History::new(at(0.0), at(0.0));
        let mut counted = Totals { response_bytes: 4, ..Totals::default() };
        counted.latency.record(Duration::from_millis(3));
        history.turn(at(1.0), counted.clone());
        counted.outcomes[Outcome::Ok as usize] = 1;
        history.turn(at(2.0), counted);
        let (totals, _) = history.read(Window::Lifetime, at(2.0));
        assert_eq!((totals.ended(), totals.latency.count(), totals.response_bytes), (1, 1, 4));
    }

    proptest! {
        /// Beside a list of all events: each window holds those that are younger than it is told to be long, which is all of it
        /// but for one slice at most.
        #[test]
        fn windows_hold_what_a_list_of_events_says(
            steps in prop::collection::vec((0_u64..90_000, 1_u64..5, any::<bool>()), 1..60),
        ) {
            let mut history = History::new(at(0.0), at(0.0));
            let (mut counted, mut now) = (Totals::default(), 0);
            let mut events = Vec::new();
            for (pause, count, reads) in steps {
                now += pause;
                let time = Timestamp::from_nanos(now * 1_000_000);
                if time >= history.due() {
                    history.turn(time, counted.clone());
                }
                counted.outcomes[Outcome::Ok as usize] += count;
                events.push((now, count));
                if !reads {
                    continue;
                }
                history.turn(time, counted.clone());
                let within = |age: u64| -> u64 {
                    events.iter().filter(|(at, _)| now - at <= age).map(|(_, count)| count).sum()
                };
                for (window, (width, length)) in Window::ALL[1..].iter().zip(RINGS) {
                    let (totals, covered) = history.read(*window, time);
                    prop_assert_eq!(totals.ended(), within(covered.as_millis() as u64));
                    let whole = width * length as u32;
                    let age = Duration::from_millis(now);
                    prop_assert!(covered <= whole && covered >= age.min(whole - width));
                }
                prop_assert_eq!(history.read(Window::Lifetime, time).0.ended(), within(now));
            }
        }
    }
}
