use std::sync::{
    Arc,
    atomic::{AtomicU32, AtomicU64, Ordering, fence},
};

use arc_swap::ArcSwapOption;

use crate::cache::{Fingerprint, Resource};

/// The resources that are asked for most, where they are found without a lock and, once they are known to be asked for,
/// without writing to memory that threads share.
///
/// Whatever is in here is also in the store: it goes from here before it goes there.
///
/// Time is told in ages, which the store counts by what it has to take in: only that makes others leave, so only against that
/// does it matter how often something is asked for.
pub(super) struct Index {
    sets: Box<[Set]>,
    age: AtomicU32,
    /// How often everything was forgotten.
    clears: AtomicU64,
}

/// The places of those fingerprints that share some bits.
#[derive(Default)]
#[repr(align(64))]
struct Set([Slot; 4]);

#[derive(Default)]
struct Slot {
    resource: ArcSwapOption<Resource>,
    /// Other bits of its fingerprint: whether it is worth a look. Only a hint, and may be that of the one before.
    tag: AtomicU32,
    /// The age in which it was last asked for.
    asked: AtomicU32,
}

/// Before a resource was looked up in the store: see [`Index::offer`].
pub(super) struct Before(u64);

impl Index {
    /// One for a store of so many bytes. It takes up to 1/128 of them, and 4 MiB at most.
    pub(super) fn for_bytes(max_bytes: u64) -> Self {
        let sets = (max_bytes / 128 / size_of::<Set>() as u64).clamp(4, 65_536);
        let sets = 1_usize << sets.ilog2();
        Self {
            sets: (0..sets).map(|_| Set::default()).collect(),
            age: AtomicU32::new(1),
            clears: AtomicU64::new(0),
        }
    }

    /// By other bits than those by which the store arranges its own table.
    fn place(&self, fingerprint: Fingerprint) -> (&[Slot; 4], u32) {
        let bits = (fingerprint.bits() >> 64) as u64;
        (&self.sets[bits as usize & (self.sets.len() - 1)].0, (bits >> 32) as u32)
    }

    /// Shows what has `fingerprint`, without counting a reference to it. Whether nobody asked for it earlier in this age;
    /// `None` if it is not here.
    #[inline]
    pub(super) fn show(
        &self,
        fingerprint: Fingerprint,
        visit: impl FnOnce(&Arc<Resource>),
    ) -> Option<bool> {
        let (slots, tag) = self.place(fingerprint);
        for slot in slots.iter().filter(|slot| slot.tag.load(Ordering::Relaxed) == tag) {
            let current = slot.resource.load();
            let Some(resource) = &*current else { continue };
            if resource.fingerprint == fingerprint && !resource.gone.load(Ordering::Acquire) {
                let age = self.age.load(Ordering::Relaxed);
                let is_first = slot.asked.load(Ordering::Relaxed) != age;
                if is_first {
                    slot.asked.store(age, Ordering::Relaxed);
                }
                visit(resource);
                return Some(is_first);
            }
        }
        None
    }

    /// Begins another age: who is asked for now is asked for anew.
    pub(super) fn next_age(&self) {
        self.age.fetch_add(1, Ordering::Relaxed);
    }

    /// To be asked for before the store is.
    pub(super) fn before(&self) -> Before {
        Before(self.clears.load(Ordering::SeqCst))
    }

    /// Takes in what the store has just found, if there is a place for it: one that is free, or whose resource nobody asked
    /// for in this age.
    pub(super) fn offer(&self, resource: &Arc<Resource>, before: &Before) {
        let (slots, tag) = self.place(resource.fingerprint);
        let age = self.age.load(Ordering::Relaxed);
        let since = |slot: &&Slot| age.wrapping_sub(slot.asked.load(Ordering::Relaxed));
        let free = slots.iter().find(|slot| slot.is_free_for(resource.fingerprint));
        let idle = || slots.iter().filter(|slot| since(slot) != 0).max_by_key(since);
        let Some(slot) = free.or_else(idle) else { return };
        slot.asked.store(age, Ordering::Relaxed);
        slot.tag.store(tag, Ordering::Relaxed);
        slot.resource.store(Some(Arc::clone(resource)));
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

    /// Forgets what has `fingerprint`, before the store does.
    pub(super) fn forget(&self, fingerprint: Fingerprint) {
        self.show(fingerprint, |resource| self.remove(resource));
    }

    fn vacate(&self, resource: &Arc<Resource>) {
        for slot in self.place(resource.fingerprint).0 {
            let current = slot.resource.load();
            if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, resource)) {
                slot.resource.compare_and_swap(&current, None);
            }
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        self.clears.fetch_add(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        self.sets.iter().flat_map(|set| &set.0).for_each(|slot| slot.resource.store(None));
    }
}

impl Slot {
    /// Whether there is nothing in it, or an older resource of the same fingerprint.
    fn is_free_for(&self, fingerprint: Fingerprint) -> bool {
        let current = self.resource.load();
        current.as_ref().is_none_or(|current| current.fingerprint == fingerprint)
    }
}

#[cfg(all(test, not(weir_loom)))]
mod tests {
    use super::{super::sample::resource, *};

    /// One of those that share a set.
    fn in_one_set(number: u128) -> Arc<Resource> {
        resource(Fingerprint::from_bits(number << 96 | number), 10)
    }

    fn offer(index: &Index, resource: &Arc<Resource>) {
        index.offer(resource, &index.before());
    }

    /// Whether it is shown, and then whether for the first time in this age.
    fn show(index: &Index, resource: &Arc<Resource>) -> Option<bool> {
        let mut shown = None;
        let is_first = index.show(resource.fingerprint, |found| shown = Some(Arc::clone(found)));
        assert_eq!(shown.is_some(), is_first.is_some());
        assert!(shown.is_none_or(|shown| Arc::ptr_eq(&shown, resource)));
        is_first
    }

    #[test]
    fn it_tells_who_is_asked_for_first_in_an_age() {
        let (index, resource) = (Index::for_bytes(0), in_one_set(1));
        assert_eq!(show(&index, &resource), None);
        offer(&index, &resource);
        assert_eq!(show(&index, &resource), Some(false), "the store was asked for it");
        index.next_age();
        assert_eq!(show(&index, &resource), Some(true));
        assert_eq!(show(&index, &resource), Some(false));
    }

    #[test]
    fn who_is_asked_for_in_this_age_keeps_its_place() {
        let index = Index::for_bytes(0);
        let resources: Vec<_> = (1..=5).map(in_one_set).collect();
        let shown = || resources.iter().map(|resource| show(&index, resource).is_some());
        resources.iter().for_each(|resource| offer(&index, resource));
        assert!(shown().eq([true, true, true, true, false]));
        index.next_age();
        for at in [0, 1, 3] {
            show(&index, &resources[at]);
        }
        offer(&index, &resources[4]);
        assert!(shown().eq([true, true, false, true, true]));
    }

    #[test]
    fn what_is_removed_is_forgotten_and_marked() {
        let (index, resource, other) = (Index::for_bytes(0), in_one_set(1), in_one_set(2));
        offer(&index, &resource);
        offer(&index, &other);
        index.forget(resource.fingerprint);
        assert!(resource.gone.load(Ordering::Relaxed) && !other.gone.load(Ordering::Relaxed));
        assert_eq!((show(&index, &resource), show(&index, &other)), (None, Some(false)));
        assert_eq!(Arc::strong_count(&resource), 1);
    }

    #[test]
    fn what_left_the_store_meanwhile_is_not_taken_in() {
        let index = Index::for_bytes(0);
        let (removed, cleared) = (in_one_set(1), in_one_set(2));
        let before = index.before();
        index.remove(&removed);
        index.offer(&removed, &before);
        index.clear();
        index.offer(&cleared, &before);
        assert_eq!((show(&index, &removed), show(&index, &cleared)), (None, None));
        assert_eq!((Arc::strong_count(&removed), Arc::strong_count(&cleared)), (1, 1));
        offer(&index, &cleared);
        assert_eq!(show(&index, &cleared), Some(false), "it was stored again");
    }

    #[test]
    fn its_size_follows_that_of_the_store() {
        let bytes = |store: u64| size_of_val(&*Index::for_bytes(store).sets) as u64;
        assert_eq!(bytes(0), 256);
        assert_eq!(bytes(64 << 20), 512 << 10);
        assert!(bytes(100_000_000) <= 100_000_000 / 128);
        assert_eq!(bytes(1 << 40), 4 << 20);
    }
}
