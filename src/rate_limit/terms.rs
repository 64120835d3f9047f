//! What a policy enforces now: its quota, slowed by its multiplier. Read at every decision, changed now and then.

use std::sync::PoisonError;

use super::{Gcra, Quota};
use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering, yield_now};

/// The terms of one policy, on a cache line of their own.
///
/// Readers take no lock: a version that is odd while the numbers are written tells them to read again (a sequence lock). All
/// loads acquire and all stores release, so a reader that has seen one new number sees the version that announced it.
#[repr(align(64))]
pub(super) struct Terms {
    version: AtomicU64,
    interval: AtomicU64,
    tolerance: AtomicU64,
    burst: AtomicU64,
    /// The smaller of the ceiling and what a controller wants, as the bits of an `f64`.
    multiplier: AtomicU64,
    /// What a controller wants, as the bits of an `f64`.
    controlled: AtomicU64,
    source: Mutex<Source>,
    changing: Mutex<()>,
}

/// What the numbers are made of.
#[derive(Clone, Copy)]
struct Source {
    quota: Quota,
    /// What is enforced at a multiplier of 1: the quota, or less while debts are converted to it.
    enforced: Gcra,
    /// Set by hand.
    ceiling: f64,
}

/// A change of the quota under way; it ends when this is dropped.
pub(super) struct Change<'a> {
    terms: &'a Terms,
    pub(super) old: Gcra,
    pub(super) new: Gcra,
    _one_at_a_time: MutexGuard<'a, ()>,
}

impl Terms {
    pub(super) fn new(quota: Quota) -> Self {
        let gcra = Gcra::new(quota);
        Self {
            version: AtomicU64::new(0),
            interval: AtomicU64::new(gcra.interval),
            tolerance: AtomicU64::new(gcra.tolerance),
            burst: AtomicU64::new(gcra.burst.into()),
            multiplier: AtomicU64::new(1.0_f64.to_bits()),
            controlled: AtomicU64::new(1.0_f64.to_bits()),
            source: Mutex::new(Source { quota, enforced: gcra, ceiling: 1.0 }),
            changing: Mutex::new(()),
        }
    }

    /// What to decide by.
    #[inline]
    pub(super) fn gcra(&self) -> Gcra {
        loop {
            let version = self.version.load(Ordering::Acquire);
            let gcra = Gcra {
                interval: self.interval.load(Ordering::Acquire),
                tolerance: self.tolerance.load(Ordering::Acquire),
                burst: self.burst.load(Ordering::Acquire) as u32,
            };
            if version & 1 == 0 && self.version.load(Ordering::Acquire) == version {
                return gcra;
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

    /// Enforces another quota, as soon as what keys owe has been converted: that is to be done before the change is dropped.
    ///
    /// Until then the stricter of both holds. Converted debts under the old terms, or the others under the new, would let a
    /// second burst pass.
    pub(super) fn change_quota(&self, quota: Quota) -> Change<'_> {
        let one_at_a_time = self.change();
        let (old, new) = (Gcra::new(self.quota()), Gcra::new(quota));
        self.edit(|source| (source.quota, source.enforced) = (quota, old.until(new)));
        Change { terms: self, old, new, _one_at_a_time: one_at_a_time }
    }

    /// Keeps others from changing the quota, or that of a key. It takes as long as the debts take to be converted, so nobody
    /// waits for this while a request is decided on.
    pub(super) fn change(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Caps the multiplier.
    pub(super) fn set_ceiling(&self, ceiling: f64) {
        self.edit(|source| source.ceiling = ceiling);
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

    fn edit(&self, edit: impl FnOnce(&mut Source)) {
        let mut source = self.source();
        edit(&mut source);
        let controlled = f64::from_bits(self.controlled.load(Ordering::Acquire));
        let multiplier = source.ceiling.min(controlled);
        self.publish(source.enforced.slowed(multiplier), multiplier);
    }

    /// Under the lock of `source`.
    fn publish(&self, gcra: Gcra, multiplier: f64) {
        let version = self.version.load(Ordering::Acquire);
        self.version.store(version + 1, Ordering::Release);
        self.interval.store(gcra.interval, Ordering::Release);
        self.tolerance.store(gcra.tolerance, Ordering::Release);
        self.burst.store(gcra.burst.into(), Ordering::Release);
        self.multiplier.store(multiplier.to_bits(), Ordering::Release);
        self.version.store(version + 2, Ordering::Release);
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        self.terms.edit(|source| source.enforced = self.new);
    }
}
