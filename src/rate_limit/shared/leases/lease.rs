//! What a process holds of a key's cells: a pure core.
//!
//! # What leases add to a burst
//!
//! Let *D* be the key's debt in the store, at most *B*; *h* the cells held for which the lease time is not over; *i* the
//! interval. All times are real. *V = D − h·i* grows by *i* with each cell that is spent and falls no faster than time passes;
//! nothing else makes it fall. So in a time *t* the cells spent take no more than *V(end) − V(start) + t ≤ B + t − V(start)*.
//!
//! How far can *V* be below 0? Give each batch of *n* cells, bought at age 0, the debt *o = max(0, n·i − age)* of its own. Then
//! *D ≥ Σo* always: a purchase adds the same to both, *D* drains no faster than any one *o*, spending lowers *o* only, and no
//! more than *o* is given back. So *V ≥ −Σ min(age, n·i)*: each batch adds at most what came back while it was held. Giving all
//! *n* back would not keep that, nor would it to count what time has paid off from when all that was owed before was: both
//! would let processes that hold cells in turn, and spend none, drain *D* to nothing and hold as much as a burst.

use smallvec::SmallVec;

use super::{super::answer::Gcras, settings::Leases};
use crate::{
    clock::Timestamp,
    rate_limit::decision::{Decision, Standing},
};

/// What is held of a key, and what is known of its use.
#[derive(Default)]
pub(super) struct Lease {
    /// By which it was bought.
    terms: Gcras,
    /// The older first. There is a second if it was bought before the first was spent.
    batches: [Batch; 2],
    /// How many cells the last purchase brought.
    bought: u32,
    /// When nothing will be owed in the store, for each policy, by what it last said.
    tats: SmallVec<[u64; 2]>,
    /// When the store was last asked for cells.
    asked: Option<Timestamp>,
    /// How many cells were spent since.
    spent: u32,
}

#[derive(Clone, Copy, Default)]
struct Batch {
    cells: u32,
    /// When the store was asked for them, which is before it charged them.
    since: Timestamp,
}

/// Cells that are not to be spent any more.
#[derive(Debug, PartialEq)]
pub(super) struct Unspent {
    /// How many.
    pub(super) cells: u32,
    /// For each policy, how many nanoseconds of what they made time has paid off already.
    pub(super) paid: SmallVec<[u64; 2]>,
    pub(super) terms: Gcras,
}

/// One buys at most so many times what was spent since the last purchase.
const GROWTH: u32 = 4;
/// Fewer are not bought ahead of need.
const AHEAD: u32 = 8;

impl Lease {
    pub(super) fn terms(&self) -> &Gcras {
        &self.terms
    }

    /// How many cells are held.
    pub(super) fn cells(&self) -> u32 {
        self.batches[0].cells.saturating_add(self.batches[1].cells)
    }

    /// Spends so many, if there are.
    pub(super) fn spend(&mut self, cost: u32) -> bool {
        if cost > self.cells() {
            return false;
        }
        let [first, second] = &mut self.batches;
        let of_first = cost.min(first.cells);
        first.cells -= of_first;
        second.cells -= cost - of_first;
        self.spent = self.spent.saturating_add(cost);
        true
    }

    /// How many cells to buy now that so many are needed at once: what the key spends in half the lease time. A lease that is
    /// spent in that time is not over if the key slows down a little.
    pub(super) fn want(&self, now: Timestamp, needed: u32, leases: &Leases) -> u32 {
        let Some(asked) = self.asked else { return needed };
        let half = leases.time / 2;
        let elapsed = now.as_nanos().saturating_sub(asked.as_nanos());
        let elapsed = elapsed.max(half / u64::from(GROWTH)).max(1);
        let used = u128::from(self.spent) + u128::from(needed);
        let want = used * u128::from(half) / u128::from(elapsed);
        u32::try_from(want).unwrap_or(u32::MAX).min(leases.max_cells).max(needed)
    }

    /// Whether it is time to buy the next lease, so that nobody has to wait for it.
    pub(super) fn runs_low(&self, now: Timestamp, leases: &Leases) -> bool {
        let few = self.bought >= AHEAD && self.cells() < self.bought / 4;
        few && self.want(now, 0, leases) >= AHEAD
    }

    /// Whether nobody has asked the store for so long that others may have returned what they held.
    pub(super) fn may_ask_again(&self, now: Timestamp, leases: &Leases) -> bool {
        self.asked
            .is_none_or(|asked| now.as_nanos().saturating_sub(asked.as_nanos()) >= leases.time)
    }

    /// The store is asked for cells.
    pub(super) fn asks(&mut self, now: Timestamp) {
        self.asked = Some(now);
        self.spent = 0;
    }

    /// The store, asked at `since`, has granted so many cells, and stands like this.
    pub(super) fn credit(&mut self, since: Timestamp, cells: u32, standings: &[Standing]) {
        let [first, second] = &mut self.batches;
        if first.cells == 0 {
            *first = *second;
        } else {
            // What is left of two, of which the older is over first.
            first.cells = first.cells.saturating_add(second.cells);
        }
        *second = Batch { cells, since };
        self.bought = cells;
        self.tats = standings.iter().map(|standing| standing.tat).collect();
    }

    /// What is to be said of a request that was just spent: as the store stands, were the cells that are left not charged.
    pub(super) fn decision(&self) -> Decision {
        let left = u64::from(self.cells());
        let standing = self.terms.iter().zip(&self.tats).map(|(gcra, tat)| {
            Standing::passed(*gcra, tat.saturating_sub(left.saturating_mul(gcra.interval)))
        });
        Decision::new(standing.collect(), false)
    }

    /// Takes out what is over.
    #[inline]
    pub(super) fn expire(&mut self, now: Timestamp, leases: &Leases) -> Option<Unspent> {
        self.take_out(now, leases.time)
    }

    /// Takes all out, and goes on by other terms.
    pub(super) fn change(&mut self, now: Timestamp, terms: &Gcras) -> Option<Unspent> {
        let unspent = self.take_out(now, 0);
        *self = Self { terms: terms.clone(), ..Self::default() };
        unspent
    }

    /// Takes all out.
    pub(super) fn end(&mut self, now: Timestamp) -> Option<Unspent> {
        self.take_out(now, 0)
    }

    /// Takes out what is so many nanoseconds old.
    fn take_out(&mut self, now: Timestamp, old: u64) -> Option<Unspent> {
        let age = |batch: &Batch| now.as_nanos().saturating_sub(batch.since.as_nanos());
        let mut unspent = None;
        for batch in &mut self.batches {
            let age = age(batch);
            if batch.cells == 0 || age < old {
                continue;
            }
            let cells = std::mem::take(&mut batch.cells);
            let all = unspent.get_or_insert_with(|| Unspent {
                cells: 0,
                paid: SmallVec::from_elem(0, self.terms.len()),
                terms: self.terms.clone(),
            });
            all.cells = all.cells.saturating_add(cells);
            for (paid, gcra) in all.paid.iter_mut().zip(&self.terms) {
                *paid += age.min(gcra.interval.saturating_mul(cells.into()));
            }
        }
        unspent
    }
}

/// Until when the key need not ask again, after the store was asked at `asked` for more than it granted: the place of the
/// policy with least left, and the TAT by which it refuses until then. `None` if it is worthwhile to ask at once.
///
/// A key at its limit would otherwise ask for every cell that comes back. What comes back meanwhile is not lost: it is a
/// quarter of a burst at most.
pub(super) fn pause(
    asked: Timestamp,
    now: Timestamp,
    granted: u32,
    standings: &[Standing],
    leases: &Leases,
) -> Option<(usize, u64)> {
    let remaining = |(_, standing): &(usize, &Standing)| standing.gcra.remaining(now, standing.tat);
    let (at, Standing { gcra, .. }) = standings.iter().enumerate().min_by_key(remaining)?;
    let pause = (leases.time / 4).min(gcra.tolerance / 4);
    if u64::from(granted.max(1)).saturating_mul(gcra.interval) > pause {
        return None;
    }
    let until = asked.as_nanos().saturating_add(pause);
    Some((at, until.saturating_add(gcra.tolerance.saturating_sub(gcra.interval)).min(u64::MAX - 1)))
}
