use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering, fence},
};

use arc_swap::ArcSwapOption;

use crate::cache::{Fingerprint, Resource};

/// The resources that are asked for most, where they are found without a lock and without writing to memory that threads
/// share.
///
/// Each fingerprint has one slot, and a slot has room for one resource. Whatever is in a slot is also in the store: it goes
/// from here before it goes there.
pub(super) struct Index {
    slots: Box<[ArcSwapOption<Resource>]>,
    /// How often everything was forgotten.
    clears: AtomicU64,
}

/// Before a resource was looked up in the store: see [`Index::offer`].
pub(super) struct Before(u64);

impl Index {
    /// One for a store of so many bytes: a slot for each 4 KiB, within limits.
    pub(super) fn for_bytes(max_bytes: u64) -> Self {
        let slots = (max_bytes / 4096).clamp(64, 65_536).next_power_of_two();
        let slots = (0..slots).map(|_| ArcSwapOption::empty()).collect();
        Self { slots, clears: AtomicU64::new(0) }
    }

    /// By other bits than those by which the store arranges its own table.
    fn slot(&self, fingerprint: Fingerprint) -> &ArcSwapOption<Resource> {
        &self.slots[(fingerprint.bits() >> 64) as usize & (self.slots.len() - 1)]
    }

    #[inline]
    pub(super) fn get(&self, fingerprint: Fingerprint) -> Option<Arc<Resource>> {
        let slot = self.slot(fingerprint).load();
        let resource = slot.as_ref()?;
        let is_it = resource.fingerprint == fingerprint && !resource.gone.load(Ordering::Acquire);
        is_it.then(|| Arc::clone(resource))
    }

    /// To be asked for before the store is.
    pub(super) fn before(&self) -> Before {
        Before(self.clears.load(Ordering::SeqCst))
    }

    /// Puts what the store has just found into its slot, perhaps.
    pub(super) fn offer(&self, resource: &Arc<Resource>, before: Before) {
        let slot = self.slot(resource.fingerprint);
        let taken = slot.load().as_ref().is_some_and(|other| !other.gone.load(Ordering::Relaxed));
        if taken && fastrand::u8(..STEADY) != 0 {
            return;
        }
        slot.store(Some(Arc::clone(resource)));
        // It may have gone from the store meanwhile. Whoever removes it does so in this order: `gone` or `clears`, a fence,
        // the slot. One of the two fences is first, so either that is seen here or the slot is seen there.
        fence(Ordering::SeqCst);
        if resource.gone.load(Ordering::Relaxed) || self.clears.load(Ordering::Relaxed) != before.0
        {
            self.vacate(resource);
        }
    }

    /// Marks `resource` as no longer in the store, and forgets it.
    pub(super) fn remove(&self, resource: &Arc<Resource>) {
        resource.gone.store(true, Ordering::Release);
        fence(Ordering::SeqCst);
        self.vacate(resource);
    }

    /// Forgets what has `fingerprint`.
    pub(super) fn forget(&self, fingerprint: Fingerprint) {
        if let Some(resource) = self.get(fingerprint) {
            self.remove(&resource);
        }
    }

    fn vacate(&self, resource: &Arc<Resource>) {
        let slot = self.slot(resource.fingerprint);
        let current = slot.load();
        if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, resource)) {
            slot.compare_and_swap(&current, None);
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        self.clears.fetch_add(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        self.slots.iter().for_each(|slot| slot.store(None));
    }
}

/// Of so many resources that are found in the store while their slot is taken, one gets it: most often one that is asked for
/// often.
const STEADY: u8 = 8;
