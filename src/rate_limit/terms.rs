//! What a policy enforces now: its quota, slowed by its multiplier. Read at every decision, changed now and then.

use std::sync::{
    PoisonError,
    // Not loom's: which numbers are read between two versions is for the versions to say, and those are loom's.
    atomic::AtomicU64 as Number,
};

use super::{Gcra, Quota};
use crate::sync::{AtomicU64, Mutex, Ordering, yield_now};

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
}

/// What the numbers are made of.
#[derive(Clone, Copy)]
struct Source {
    quota: Quota,
    /// Set by hand.
    ceiling: f64,
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
            source: Mutex::new(Source { quota, ceiling: 1.0 }),
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
        self.source.lock().unwrap_or_else(PoisonError::into_inner).quota
    }

    /// Enforces another quota. `convert` is given the old terms and the new, to convert what keys owe.
    ///
    /// Whoever reads the terms waits meanwhile: of a key whose debt is still in the old measure nobody could say what it owes.
    pub(super) fn set_quota(&self, quota: Quota, convert: impl FnOnce(Gcra, Gcra)) {
        self.change(|source| source.quota = quota, convert);
    }

    /// Caps the multiplier.
    pub(super) fn set_ceiling(&self, ceiling: f64) {
        self.change(|source| source.ceiling = ceiling, |_, _| {});
    }

    /// Tells what a controller wants; whether that is new.
    #[inline]
    pub(super) fn set_controlled(&self, controlled: f64) -> bool {
        let bits = controlled.to_bits();
        let new = self.controlled.load(Ordering::Acquire) != bits;
        if new {
            self.controlled.store(bits, Ordering::Release);
            self.change(|_| {}, |_, _| {});
        }
        new
    }

    fn change(&self, edit: impl FnOnce(&mut Source), convert: impl FnOnce(Gcra, Gcra)) {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let old = Gcra::new(source.quota);
        edit(&mut source);
        let new = Gcra::new(source.quota);
        let controlled = f64::from_bits(self.controlled.load(Ordering::Acquire));
        let multiplier = source.ceiling.min(controlled);
        let gcra = new.slowed(multiplier);
        let version = self.version.load(Ordering::Acquire);
        self.version.store(version + 1, Ordering::Release);
        if new != old {
            convert(old, new);
        }
        self.interval.store(gcra.interval, Ordering::Release);
        self.tolerance.store(gcra.tolerance, Ordering::Release);
        self.burst.store(gcra.burst.into(), Ordering::Release);
        self.multiplier.store(multiplier.to_bits(), Ordering::Release);
        self.version.store(version + 2, Ordering::Release);
    }
}
