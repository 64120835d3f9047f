//! The generic cell rate algorithm (ITU-T I.371, annex A), in its virtual scheduling form.
//!
//! The state of a key is one number, its theoretical arrival time (TAT): when it will owe nothing any more. A request of cost
//! `c` moves the TAT by `c` intervals, and passes if that does not move it further than the tolerance (a whole burst) ahead
//! of now. A TAT in the past says that nothing is owed, the same as a key never seen.
//!
//! Pure functions: time comes in, decisions go out.

use super::{Quota, quota::LONGEST};
use crate::clock::{Timestamp, nanos};

/// A quota as the algorithm needs it. Times are in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gcra {
    pub(super) interval: u64,
    pub(super) tolerance: u64,
    pub(super) burst: u32,
}

/// Whether a request of some cost conforms to the quota, as ITU-T I.371 calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conformance {
    /// It passes, and this is the key's TAT from now on.
    Conforming {
        /// The TAT to store.
        tat: u64,
    },
    /// It does not pass. Nothing is to be stored.
    NonConforming {
        /// After how many nanoseconds it could; `None` if it costs more than the burst, so never.
        wait: Option<u64>,
    },
}

impl Gcra {
    /// Of no quota.
    pub(super) const NONE: Self = Self { interval: 1, tolerance: 0, burst: 0 };

    /// The algorithm for `quota`.
    pub fn new(quota: Quota) -> Self {
        let interval = nanos(quota.interval());
        let burst = quota.burst_size();
        Self { interval, tolerance: interval * u64::from(burst), burst }
    }

    /// The same at a share of its rate, from more than 0 to 1.
    ///
    /// Each request takes the longer interval out of the same tolerance. So what may come at once shrinks with the rate, a key
    /// that has used its burst up stays so, and what keys owe needs no change. A request that would not fit into the
    /// tolerance any more passes when nothing is owed.
    pub fn slowed(self, share: f64) -> Self {
        if share >= 1.0 {
            return self;
        }
        // The conversion saturates, and a request a century is as good as none.
        let interval = ((self.interval as f64 / share).ceil() as u64).min(LONGEST);
        Self { interval: interval.max(self.interval), ..self }
    }

    /// Decides on a request of `cost` at `now`, for a key with this TAT. One of cost 0 always passes.
    #[inline]
    pub fn decide(&self, now: Timestamp, tat: u64, cost: u32) -> Conformance {
        if cost > self.burst {
            return Conformance::NonConforming { wait: None };
        }
        let (now, price) = (now.as_nanos(), self.price(cost.into()));
        let new = tat.max(now).saturating_add(price);
        let (debt, tolerance) = (new - now, self.tolerance.max(price));
        if debt <= tolerance || cost == 0 {
            // The last number there is has another meaning in a table.
            Conformance::Conforming { tat: new.min(u64::MAX - 1) }
        } else {
            Conformance::NonConforming { wait: Some(debt - tolerance) }
        }
    }

    /// The TAT once a key has been charged `cost`, whether or not that fits into the tolerance.
    #[inline]
    pub fn charged(&self, now: Timestamp, tat: u64, cost: u32) -> u64 {
        // See `decide`.
        tat.max(now.as_nanos()).saturating_add(self.price(cost.into())).min(u64::MAX - 1)
    }

    /// How many requests of cost 1 would pass at once at `now`, for a key with this TAT.
    pub fn remaining(&self, now: Timestamp, tat: u64) -> u32 {
        let free = self.tolerance.max(self.interval).saturating_sub(debt(now, tat));
        // At most the burst.
        (free / self.interval) as u32
    }

    /// After how many nanoseconds one more than [`Gcra::remaining`] would pass; 0 if the whole burst would now.
    pub fn next_in(&self, now: Timestamp, tat: u64) -> u64 {
        let (debt, tolerance) = (debt(now, tat), self.tolerance.max(self.interval));
        match tolerance.checked_sub(debt) {
            // If the tolerance is no multiple of the interval, the last of the debt makes no request more.
            Some(free) if debt > 0 => (self.interval - free % self.interval).min(debt),
            Some(_) => 0,
            None => (debt - tolerance).saturating_add(self.interval),
        }
    }

    /// What a debt under the terms `before` is under these: so many requests, and a whole burst at most if it was no more.
    pub(super) fn converted(&self, before: Self, debt: u64) -> u64 {
        let ratio = self.interval as f64 / before.interval as f64;
        // The conversion saturates. Equal intervals keep debts as they are, to the nanosecond.
        let convert = |debt: u64| {
            if self.interval == before.interval {
                debt
            } else {
                (debt as f64 * ratio).ceil() as u64
            }
        };
        let (within, beyond) = (debt.min(before.tolerance), debt.saturating_sub(before.tolerance));
        convert(within).min(self.tolerance).saturating_add(convert(beyond))
    }

    /// What requests of `cost` in all take out of the tolerance.
    #[inline]
    fn price(&self, cost: u64) -> u64 {
        cost.saturating_mul(self.interval).min(LONGEST)
    }
}

/// For how many nanoseconds from `now` the key owes something.
#[inline]
pub(super) fn debt(now: Timestamp, tat: u64) -> u64 {
    tat.saturating_sub(now.as_nanos())
}
