//! The generic cell rate algorithm (ITU-T I.371, annex A), in its virtual scheduling form.
//!
//! The state of a key is one number, its theoretical arrival time (TAT): when it will owe nothing any more. A request of cost
//! `c` moves the TAT by `c` intervals, and passes if that does not move it further than the tolerance (a whole burst) ahead
//! of now. A TAT in the past says that nothing is owed, the same as a key never seen.
//!
//! Pure functions: time comes in, decisions go out.

use super::Quota;
use crate::clock::{Timestamp, nanos};

/// A quota as the algorithm needs it. Times are in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gcra {
    interval: u64,
    tolerance: u64,
    burst: u32,
}

/// What a request of some cost meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It passes, and this is the key's TAT from now on.
    Allowed {
        /// The TAT to store.
        tat: u64,
    },
    /// It does not pass. Nothing is to be stored.
    Denied {
        /// After how many nanoseconds it could; `None` if it costs more than the burst, so never.
        wait: Option<u64>,
    },
}

impl Gcra {
    /// The algorithm for `quota`.
    pub fn new(quota: Quota) -> Self {
        let interval = nanos(quota.interval());
        let burst = quota.burst_size();
        Self { interval, tolerance: interval * u64::from(burst), burst }
    }

    /// Decides on a request of `cost` at `now`, for a key with this TAT. One of cost 0 always passes.
    #[inline]
    pub fn decide(&self, now: Timestamp, tat: u64, cost: u32) -> Verdict {
        if cost > self.burst {
            return Verdict::Denied { wait: None };
        }
        let now = now.as_nanos();
        // The increment is at most the tolerance, and that at most 100 of the 584 years; a TAT at the end of time stays denied.
        let new = tat.max(now).saturating_add(u64::from(cost) * self.interval);
        let debt = new - now;
        if debt <= self.tolerance || cost == 0 {
            Verdict::Allowed { tat: new }
        } else {
            Verdict::Denied { wait: Some(debt - self.tolerance) }
        }
    }

    /// How many requests of cost 1 would pass at once at `now`, for a key with this TAT.
    pub fn remaining(&self, now: Timestamp, tat: u64) -> u32 {
        let free = self.tolerance.saturating_sub(debt(now, tat));
        // At most the burst.
        (free / self.interval) as u32
    }

    /// After how many nanoseconds one more than [`Gcra::remaining`] would pass; 0 if the whole burst would now.
    pub fn next_in(&self, now: Timestamp, tat: u64) -> u64 {
        let debt = debt(now, tat);
        match self.tolerance.checked_sub(debt) {
            Some(free) if debt > 0 => self.interval - free % self.interval,
            Some(_) => 0,
            None => (debt - self.tolerance).saturating_add(self.interval),
        }
    }
}

/// For how many nanoseconds from `now` the key owes something.
pub(super) fn debt(now: Timestamp, tat: u64) -> u64 {
    tat.saturating_sub(now.as_nanos())
}
