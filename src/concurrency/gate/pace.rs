use std::time::Duration;

use crate::clock::Timestamp;

/// How fast a line moves: a moving average of the time between those who come to their turn.
#[derive(Debug, Default)]
pub(super) struct Pace {
    last: Option<Timestamp>,
    /// In nanoseconds.
    average: Option<f64>,
}

/// Of each turn in the average.
const WEIGHT: f64 = 0.1;

impl Pace {
    /// Someone came to their turn.
    pub(super) fn turn(&mut self, now: Timestamp) {
        if let Some(last) = self.last.replace(now) {
            let took = now.saturating_since(last).as_nanos() as f64;
            self.average =
                Some(self.average.map_or(took, |average| average + WEIGHT * (took - average)));
        }
    }

    /// Nobody waits, or nobody may come in: the time to the next turn will say nothing, and after it nor will the average. Were
    /// it kept, a service that was slow once would have whoever is in a hurry refused for ever, and nobody would find out.
    pub(super) fn rest(&mut self) {
        *self = Self::default();
    }

    /// When whoever comes now would have their turn behind so many others, if that is known.
    pub(super) fn turn_behind(&self, others: usize, now: Timestamp) -> Option<Timestamp> {
        let wait = self.average? * (others + 1) as f64;
        Some(now.saturating_add(Duration::from_nanos(wait as u64)))
    }
}
