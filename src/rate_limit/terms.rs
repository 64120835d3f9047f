//! What a policy enforces now: its quota, slowed by its multiplier. Read at every decision, changed now and then.

use std::sync::{
    PoisonError,
    // Not loom's: which numbers are read between two versions is for the versions to say, and those are loom's.
    atomic::AtomicU64 as Number,
};

use super::{Gcra, Quota};
use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering, yield_now};

/// The terms of one policy, on a cache line of their own.
///
/// Readers take no lock: a version that is odd while the numbers are written tells them to read again (a sequence lock). All
/// loads acquire and all stores release, so a reader that has seen one new number sees the version that announced it.
#[repr(align(64))]
pub(super) struct Terms {
    version: AtomicU64,
    interval: Number,
    tolerance: Number,
    burst: Number,
    /// The smaller of the ceiling and what a controller wants, as the bits of an `f64`.
    multiplier: Number,
    /// What a controller wants, as the bits of an `f64`.
    controlled: Number,
    source: Mutex<Source>,
    changing: Mutex<()>,
}

/// What the numbers are made of.
#[derive(Clone, Copy)]
struct Source {
    quota: Quota,
    /// Set by hand.
    ceiling: f64,
    /// Nobody is to decide now.
    paused: bool,
}

/// While this is there, whoever reads the terms waits.
pub(super) struct Pause<'a> {
    terms: &'a Terms,
    _one_at_a_time: MutexGuard<'a, ()>,
}

impl Terms {
    pub(super) fn new(quota: Quota) -> Self {
        let gcra = Gcra::new(quota);
        Self {
            version: AtomicU64::new(0),
            interval: Number::new(gcra.interval),
            tolerance: Number::new(gcra.tolerance),
            burst: Number::new(gcra.burst.into()),
            multiplier: Number::new(1.0_f64.to_bits()),
            controlled: Number::new(1.0_f64.to_bits()),
            source: Mutex::new(Source { quota, ceiling: 1.0, paused: false }),
            changing: Mutex::new(()),
        }
    }

    /// What to decide by, if the version is the same before and after.
    #[inline]
    pub(super) fn numbers(&self) -> Gcra {
        Gcra {
            interval: self.interval.load(Ordering::Acquire),
            tolerance: self.tolerance.load(Ordering::Acquire),
            burst: self.burst.load(Ordering::Acquire) as u32,
        }
    }

    /// The version, once nothing is changing.
    #[inline]
    pub(super) fn settled(&self) -> u64 {
        loop {
            let version = self.version();
            if version & 1 == 0 {
                return version;
            }
            yield_now();
        }
    }

    /// 0 until anything changes; then another number after each change.
    #[inline]
    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// The share of its rate that the quota is at.
    #[inline]
    pub(super) fn multiplier(&self) -> f64 {
        f64::from_bits(self.multiplier.load(Ordering::Acquire))
    }

    pub(super) fn quota(&self) -> Quota {
        self.source().quota
    }

    /// Lets nobody decide while the quota changes and debts are converted: of a key whose debt may be in either measure nobody
    /// could say what it owes.
    pub(super) fn pause(&self) -> Pause<'_> {
        let one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut source = self.source();
        source.paused = true;
        self.version.store(self.version() + 1, Ordering::Release);
        Pause { terms: self, _one_at_a_time: one_at_a_time }
    }

    /// Caps the multiplier.
    pub(super) fn set_ceiling(&self, ceiling: f64) {
        self.edit(|source| source.ceiling = ceiling);
    }

    /// The cap of the multiplier.
    #[cfg(feature = "config")]
    pub(super) fn ceiling(&self) -> f64 {
        self.source().ceiling
    }

    /// Tells what a controller wants; whether that is new.
    #[inline]
    pub(super) fn set_controlled(&self, controlled: f64) -> bool {
        let bits = controlled.to_bits();
        let new = self.controlled.load(Ordering::Acquire) != bits;
        if new {
            self.controlled.store(bits, Ordering::Release);
            self.edit(|_| {});
        }
        new
    }

    fn source(&self) -> MutexGuard<'_, Source> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what the numbers are made of, and the numbers.
    fn edit(&self, edit: impl FnOnce(&mut Source)) {
        let mut source = self.source();
        edit(&mut source);
        // Otherwise they are written when the pause ends.
        if !source.paused {
            self.publish(&source);
        }
    }

    fn publish(&self, source: &Source) {
        let controlled = f64::from_bits(self.controlled.load(Ordering::Acquire));
        let multiplier = source.ceiling.min(controlled);
        let gcra = Gcra::new(source.quota).slowed(multiplier);
        // Odd already after a pause.
        let odd = self.version() | 1;
        self.version.store(odd, Ordering::Release);
        self.interval.store(gcra.interval, Ordering::Release);
        self.tolerance.store(gcra.tolerance, Ordering::Release);
        self.burst.store(gcra.burst.into(), Ordering::Release);
        self.multiplier.store(multiplier.to_bits(), Ordering::Release);
        self.version.store(odd + 1, Ordering::Release);
    }
}

impl Pause<'_> {
    pub(super) fn set_quota(&self, quota: Quota) {
        self.terms.source().quota = quota;
    }
}

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        self.terms.edit(|source| source.paused = false);
    }
}
