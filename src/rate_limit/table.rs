//! Where the state of keys lives: a fixed, set-associative table of atomics.
//!
//! A slot holds a tag (who) and a theoretical arrival time (TAT, see `gcra.rs`). Four slots make a cache line, and a key may
//! live in either of two lines, both given by its hash. Nothing is allocated after construction, nothing is ever resized
//! or swept: a TAT in the past equals a key never seen, so such a slot is free for whoever comes.
//!
//! When both lines of a new key are full of keys that owe, the one makes room that owes the smallest part of its policy's burst.
//! Abusers owe most, so a flood of new keys displaces itself and not them, also where policies with short and with long
//! intervals share a table. (One whose every key spends a whole burst cannot be told from abusers; only a table with room for
//! all holds out against it.) The debt that is lost that way is counted.
//!
//! # How threads meet
//!
//! - **A key that is found** is charged by compare-and-swap on its TAT, without a lock. The tag is read again afterwards: if
//!   the slot has gone to another key in between, the charge is made anew where it belongs.
//! - **A new key** is put in under a lock, one of [`STRIPES`] chosen by the key, so that no key is ever in two slots. The slot
//!   that it takes is first claimed, by swapping its TAT for [`CLAIMED`]. From then on until the new TAT is stored nobody else
//!   writes to that slot. Whoever meets `CLAIMED` goes on to the lock of its own key and looks again.
//!
//! So no charge is ever lost but with the debt of an evicted key. What a race can do is to charge a stranger's key once too
//! often, in the instant in which its slot changes hands: a denial too many, never a request too many.

use std::{
    fmt, iter,
    sync::{
        Arc,
        PoisonError,
        // Not loom's: a seed changes only while nothing is in the table.
        atomic::AtomicU64 as Word,
    },
    time::Duration,
};

use super::{
    gcra::{Conformance, Gcra, debt},
    holds::Holds,
    registry::{Known, Member, Registry, code_of},
};
use crate::{
    clock::Timestamp,
    key::KeySeed,
    sync::{AtomicU64, Mutex, MutexGuard, Ordering, yield_now},
};

const WAYS: usize = 4;

/// Enough that threads rarely meet at one, few enough to be small beside the table.
const STRIPES: usize = if cfg!(weir_loom) { 2 } else { 64 };

/// The TAT of a slot that is changing hands. No key's ever is: see `Gcra::charged`.
const CLAIMED: u64 = u64::MAX;

/// A fixed number of keys and what they owe: the default store of a rate limit.
///
/// ```
/// use tower_weir::rate_limit::{Quota, RateLimitLayer, Table};
///
/// let layer = RateLimitLayer::new(Quota::per_second(20)).table(Table::with_capacity(1_000_000));
/// ```
///
/// It never grows, whatever the traffic: 32 bytes for each key of its capacity, allocated at once. Beyond the capacity keys
/// make room for each other, those that owe nothing first, then those that owe least. Each policy of a limit takes a
/// place of its own for each key.
///
/// Clones are the same table. Layers with the same table share limits that have the same names.
#[derive(Clone)]
pub struct Table(Arc<Inner>);

struct Inner {
    seed: [Word; 2],
    registry: Registry,
    /// A power of two of them.
    lines: Box<[Line]>,
    locks: Box<[Stripe]>,
    used: AtomicU64,
    evictions: AtomicU64,
    /// In microseconds: in nanoseconds the debts of a long flood would overflow it.
    lost_debt: AtomicU64,
}

#[repr(align(64))]
struct Line([Slot; WAYS]);

struct Slot {
    /// The key's id, see `registry.rs`; 0 if the slot was never taken.
    tag: AtomicU64,
    tat: AtomicU64,
}

/// On a cache line of its own, so that threads at different stripes do not slow each other.
#[repr(align(64))]
struct Stripe(Mutex<()>);

/// What a table has been through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableStats {
    /// How many slots there are: at least twice the capacity.
    pub slots: u64,
    /// How many of them have ever been taken.
    pub used: u64,
    /// How many keys had to make room before their debt had run out.
    pub evictions: u64,
    /// The debt that was lost with them: the time that would have paid it off, each rounded up to microseconds.
    pub lost_debt: Duration,
}

/// The outcome of charging one key for one policy.
#[derive(Clone, Copy, Debug)]
pub(super) enum Charge {
    Allowed {
        /// The TAT before, and after.
        before: u64,
        after: u64,
        /// Whether a slot was taken that was never used, or a key evicted that owed.
        changed_stats: bool,
    },
    Denied {
        tat: u64,
        wait: Option<u64>,
    },
}

impl Table {
    /// How many keys a layer's table holds unless it is given another: 65,536, in 2 MiB.
    pub const DEFAULT_CAPACITY: usize = 1 << 16;

    /// Room for at least this many keys, in 32 bytes each, rounded up to a power of two.
    pub fn with_capacity(keys: usize) -> Self {
        Self::seeded(keys, KeySeed::random())
    }

    /// As many keys as fit into `bytes`, rounded down to a power of two, and at least 4.
    pub fn with_max_bytes(bytes: usize) -> Self {
        let lines = (bytes / size_of::<Line>()).max(2);
        Self::with_capacity((1 << lines.ilog2()) * WAYS / 2)
    }

    /// A table that hashes keys under a given seed.
    pub fn seeded(keys: usize, seed: KeySeed) -> Self {
        // Half of the slots stay free at capacity, so that few keys find both of their lines full.
        let lines = keys.saturating_mul(2).div_ceil(WAYS).max(1).next_power_of_two();
        let slot = || Slot { tag: AtomicU64::new(0), tat: AtomicU64::new(0) };
        let line = || Line(std::array::from_fn(|_| slot()));
        Self(Arc::new(Inner {
            seed: seed.words().map(Word::new),
            registry: Registry::default(),
            lines: iter::repeat_with(line).take(lines).collect(),
            locks: iter::repeat_with(|| Stripe(Mutex::new(()))).take(STRIPES).collect(),
            used: AtomicU64::new(0),
            evictions: AtomicU64::new(0),
            lost_debt: AtomicU64::new(0),
        }))
    }

    /// The seed under which keys are hashed for this table.
    #[inline]
    pub fn seed(&self) -> KeySeed {
        let [a, b] = &self.0.seed;
        KeySeed::fixed([a.load(Ordering::Relaxed), b.load(Ordering::Relaxed)])
    }

    /// Hashes keys under another seed from now on. What keys owed under the old one is out of their reach.
    pub(super) fn reseed(&self, seed: KeySeed) {
        for (word, new) in self.0.seed.iter().zip(seed.words()) {
            word.store(new, Ordering::Relaxed);
        }
    }

    /// Gives a policy of a limit its place among those whose debts are kept here: always the same for the same names.
    pub(super) fn register(&self, limit: &str, policy: &str, gcra: Gcra) -> Member {
        self.0.registry.register(limit, policy, gcra)
    }

    /// What requests under way have reserved of a limit.
    pub(super) fn holds(&self, limit: &str) -> Arc<Holds> {
        self.0.registry.holds(limit)
    }

    /// All policies that were ever registered.
    pub(super) fn known(&self) -> Vec<Known> {
        self.0.registry.known()
    }

    /// What the table has been through.
    pub fn stats(&self) -> TableStats {
        TableStats {
            slots: (self.0.lines.len() * WAYS) as u64,
            used: self.0.used.load(Ordering::Relaxed),
            evictions: self.0.evictions.load(Ordering::Relaxed),
            lost_debt: Duration::from_micros(self.0.lost_debt.load(Ordering::Relaxed)),
        }
    }

    /// The TAT of a key, 0 if it has none.
    pub(super) fn peek(&self, id: u64) -> u64 {
        while let Some(slot) = self.0.find(id) {
            let tat = slot.tat.load(Ordering::Acquire);
            if tat != CLAIMED && slot.tag.load(Ordering::Acquire) == id {
                return tat;
            }
            // As in `advance_new`. To take it for nothing owed would let requests pass that only look before they pass.
            yield_now();
        }
        0
    }

    /// Lets a key owe until `tat` at least.
    pub(super) fn restore(&self, id: u64, now: Timestamp, tat: u64) -> Charge {
        let step =
            move |before: u64| Conformance::Conforming { tat: before.max(tat).min(CLAIMED - 1) };
        let charge = self.advance(id, now, move |before| Some(step(before)));
        charge.unwrap_or(Charge::Denied { tat: 0, wait: None })
    }

    /// Charges a key: moves its TAT to where `step` says. That is asked again if the TAT moves meanwhile. `None` if `step` cannot
    /// say any more.
    ///
    /// `step` is handed on by value, so that what it knows stays in registers unless the key is new. Where the table is larger
    /// than the caches, the fewer instructions a check has, the more of the next one's the processor begins while it waits
    /// for memory: by reference, a check among a million keys took 1.7 times as long.
    #[inline(always)]
    pub(super) fn advance(
        &self,
        id: u64,
        now: Timestamp,
        step: impl Fn(u64) -> Option<Conformance> + Copy,
    ) -> Option<Charge> {
        match self.0.find(id).map(|slot| slot.advance(id, step)) {
            Some(Ok(charge)) => Some(charge),
            Some(Err(Missed::Unsaid)) => None,
            Some(Err(Missed::Gone)) | None => self.0.advance_new(id, now, step),
        }
    }

    /// Converts what all those keys owe whose ids are meant, in nanoseconds. Those of the old terms must not be read any more.
    ///
    /// It visits every slot, about 13 ms where there is room for a million keys. Whoever has read the old terms before has
    /// charged what it converts, or will see that the TAT has moved.
    pub(super) fn convert(
        &self,
        now: Timestamp,
        is_meant: impl Fn(u64) -> bool,
        debt_of: impl Fn(u64) -> u64,
    ) {
        // Whoever puts a new key in by older terms is done once its lock was free.
        for stripe in &self.0.locks {
            drop(stripe.lock());
        }
        for slot in self.0.lines.iter().flat_map(|line| &line.0) {
            slot.convert(now, &debt_of, &is_meant);
        }
    }

    /// Converts what one key owes.
    pub(super) fn convert_one(&self, id: u64, now: Timestamp, debt_of: impl Fn(u64) -> u64) {
        if let Some(slot) = self.0.find(id) {
            slot.convert(now, &debt_of, |tag| tag == id);
        }
    }

    /// The ids and TATs of all keys that owe at `now`; each by itself is consistent.
    pub(super) fn owing(&self, now: Timestamp) -> impl Iterator<Item = (u64, u64)> {
        self.0.lines.iter().flat_map(|line| &line.0).filter_map(move |slot| {
            loop {
                let tag = slot.tag.load(Ordering::Acquire);
                let tat = slot.tat.load(Ordering::Acquire);
                if tat != CLAIMED && slot.tag.load(Ordering::Acquire) == tag {
                    return (tag != 0 && debt(now, tat) > 0).then_some((tag, tat));
                }
                yield_now();
            }
        })
    }

    /// Takes back a charge that was just made, if nobody has charged the key since.
    ///
    /// If somebody has, the charge stays: what would have happened without it cannot be told any more, and to guess could
    /// let a request too many pass.
    pub(super) fn undo(&self, id: u64, before: u64, after: u64) {
        let Some(slot) = self.0.find(id) else { return };
        if slot.claim(after) {
            // Claimed, so the slot stays whose it is. If it is a stranger's by now, it gets its own back.
            let own = slot.tag.load(Ordering::Acquire) == id;
            slot.tat.store(if own { before } else { after }, Ordering::Release);
        }
    }
}

impl Inner {
    /// The lines in which a key may live. Both come from its id, so that tag and place together tell keys apart.
    fn lines(&self, id: u64) -> [&Line; 2] {
        [self.first_line(id), self.second_line(id)]
    }

    #[inline]
    fn first_line(&self, id: u64) -> &Line {
        &self.lines[id as usize & (self.lines.len() - 1)]
    }

    #[inline]
    fn second_line(&self, id: u64) -> &Line {
        // Fibonacci hashing: the bits above 32 of the product depend on all bits below them.
        let product = id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        &self.lines[(product >> 32) as usize & (self.lines.len() - 1)]
    }

    #[inline]
    fn find(&self, id: u64) -> Option<&Slot> {
        self.first_line(id).find(id).or_else(|| self.second_line(id).find(id))
    }

    /// Moves the TAT of a key that was not found, or whose slot is changing hands.
    #[cold]
    fn advance_new(
        &self,
        id: u64,
        now: Timestamp,
        step: impl Fn(u64) -> Option<Conformance> + Copy,
    ) -> Option<Charge> {
        let _one_at_a_time = self.locks[(id >> 16) as usize % STRIPES].lock();
        while let Some(slot) = self.find(id) {
            match slot.advance(id, step) {
                Ok(charge) => return Some(charge),
                Err(Missed::Unsaid) => return None,
                Err(Missed::Gone) => {}
            }
            // Another key takes the slot, or an undo holds it. Both are a few instructions from their end, unless their thread
            // lost the processor: then this one gives it back.
            yield_now();
        }
        Some(match step(0)? {
            Conformance::NonConforming { wait } => Charge::Denied { tat: 0, wait },
            // Nothing owed, nothing to keep: a cost of zero.
            Conformance::Conforming { tat } if debt(now, tat) == 0 => {
                Charge::Allowed { before: 0, after: tat, changed_stats: false }
            }
            Conformance::Conforming { tat } => {
                let (slot, changed_stats) = self.claim(id, now);
                slot.tag.store(id, Ordering::Release);
                slot.tat.store(tat, Ordering::Release);
                Charge::Allowed { before: 0, after: tat, changed_stats }
            }
        })
    }

    /// Takes a slot for a key: after this nobody else writes to it until a TAT is stored. Also says whether that changed
    /// the statistics.
    fn claim(&self, id: u64, now: Timestamp) -> (&Slot, bool) {
        loop {
            let (slot, tat) = self.victim(id, now);
            if tat == CLAIMED || !slot.claim(tat) {
                yield_now();
                continue;
            }
            let lost = debt(now, tat);
            let unused = slot.tag.load(Ordering::Relaxed) == 0;
            if unused {
                self.used.fetch_add(1, Ordering::Relaxed);
            } else if lost > 0 {
                self.evictions.fetch_add(1, Ordering::Relaxed);
                self.lost_debt.fetch_add(lost.div_ceil(1_000), Ordering::Relaxed);
            }
            return (slot, unused || lost > 0);
        }
    }

    /// The slot that a new key is to take, with its TAT: one without debt in the first line, or else in the second, or else the
    /// one that owes the smallest part of its burst. The first line is preferred because most look-ups then touch no second
    /// one, and among those without debt the one that was left longest, since others may be asked for again.
    fn victim(&self, id: u64, now: Timestamp) -> (&Slot, u64) {
        let lines = self.lines(id);
        let mut victim = (&lines[0].0[0], CLAIMED);
        let mut least = f64::INFINITY;
        for line in lines {
            let tats: [_; WAYS] = std::array::from_fn(|at| line.0[at].tat.load(Ordering::Acquire));
            let lowest = (0..WAYS).min_by_key(|at| tats[*at]).unwrap_or(0);
            if debt(now, tats[lowest]) == 0 {
                return (&line.0[lowest], tats[lowest]);
            }
            for (slot, tat) in line.0.iter().zip(tats).filter(|(_, tat)| *tat != CLAIMED) {
                // If tag and TAT are of two owners, this is not the best choice, and still a sound one.
                let code = code_of(slot.tag.load(Ordering::Relaxed));
                let rank = debt(now, tat) as f64 * self.registry.weight(code);
                if rank < least {
                    (victim, least) = ((slot, tat), rank);
                }
            }
        }
        victim
    }
}

impl Line {
    #[inline]
    fn find(&self, id: u64) -> Option<&Slot> {
        self.0.iter().find(|slot| slot.tag.load(Ordering::Acquire) == id)
    }
}

impl Stripe {
    fn lock(&self) -> MutexGuard<'_, ()> {
        // Nothing panics while it is held; the lock protects no data of its own.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a slot's TAT was not moved.
enum Missed {
    /// It is not the key's (any more).
    Gone,
    /// Nobody can say any more to where.
    Unsaid,
}

impl Slot {
    /// Takes the slot, if its TAT is still this one: nobody else writes to it until a TAT is stored.
    fn claim(&self, tat: u64) -> bool {
        self.tat.compare_exchange(tat, CLAIMED, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Converts what a key owes, if the slot is of one that is meant.
    fn convert(
        &self,
        now: Timestamp,
        debt_of: impl Fn(u64) -> u64,
        is_meant: impl Fn(u64) -> bool,
    ) {
        while is_meant(self.tag.load(Ordering::Acquire)) {
            let tat = self.tat.load(Ordering::Acquire);
            if tat == CLAIMED || !self.claim(tat) {
                yield_now();
                continue;
            }
            let converted = match debt(now, tat) {
                // Still nothing, by another number: a charge under way by the old terms sees that it is to look again.
                0 => tat.saturating_sub(1),
                owed => now.as_nanos().saturating_add(debt_of(owed)).min(CLAIMED - 1),
            };
            let meant = is_meant(self.tag.load(Ordering::Acquire));
            self.tat.store(if meant { converted } else { tat }, Ordering::Release);
            return;
        }
    }

    /// Moves the key's TAT.
    #[inline]
    fn advance(
        &self,
        id: u64,
        step: impl Fn(u64) -> Option<Conformance>,
    ) -> Result<Charge, Missed> {
        let mut tat = self.tat.load(Ordering::Acquire);
        let charge = loop {
            if tat == CLAIMED {
                return Err(Missed::Gone);
            }
            match step(tat).ok_or(Missed::Unsaid)? {
                Conformance::NonConforming { wait } => break Charge::Denied { tat, wait },
                Conformance::Conforming { tat: after } => {
                    let swap = self.tat.compare_exchange_weak(
                        tat,
                        after,
                        Ordering::AcqRel,
                        Ordering::Acquire,
                    );
                    match swap {
                        Ok(before) => {
                            break Charge::Allowed { before, after, changed_stats: false };
                        }
                        Err(seen) => tat = seen,
                    }
                }
            }
        };
        // Whoever takes the slot stores the tag before the TAT: if the TAT was a stranger's, so is the tag by now.
        if self.tag.load(Ordering::Acquire) == id { Ok(charge) } else { Err(Missed::Gone) }
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Table").field(&self.stats()).finish()
    }
}
