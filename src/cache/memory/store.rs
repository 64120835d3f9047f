use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use moka::{notification::RemovalCause, sync::Cache};

use super::{
    held::{Held, Keep, Unhashed},
    index::Index,
};
#[cfg(feature = "redis")]
use crate::cache::second_tier::SecondTier;
use crate::cache::{Fingerprint, Resource, Shared, Store, StoreError, Usage, purges::Purge};

/// A store in this process's memory, with a bound on its bytes.
///
/// ```
/// use tower_weir::cache::{MemoryStore, Store};
///
/// let store = MemoryStore::with_max_bytes(64 << 20);
/// assert_eq!(store.usage().bytes, 0);
/// assert_eq!(store.usage().max_bytes, Some(64 << 20));
/// ```
///
/// Clones are the same store: layers that are given one share its room.
///
/// When it is full, what is asked for often stays: a newcomer that is asked for less often than those that would have to make
/// room for it is let go instead (`TinyLFU`: Einziger, Friedman and Manes, 2017). What is larger than the whole store is not
/// kept, and counted.
///
/// All that a response takes is counted: body, headers, trailers, the key, every variant, and what it costs to know of it.
#[derive(Clone)]
pub struct MemoryStore(Arc<Inner>);

struct Inner {
    max_bytes: u64,
    /// Bytes for entries.
    room: u64,
    shared: Shared,
    index: Arc<Index>,
    policy: Cache<Fingerprint, Arc<Held>, Unhashed>,
    /// Bytes, in this age of the index.
    taken_in: AtomicU64,
    evictions: Arc<AtomicU64>,
    refused: AtomicU64,
}

/// How many ages pass while the whole store is taken in anew. In each, the policy hears of a resource in the index once; at the
/// end of each, it makes room. With 64, it knows enough to keep what it would keep if it heard of every hit.
const AGES: u64 = 64;

/// This part of the bytes is not for entries: it is for what is taken in before room is made, the index, and the holes that an
/// allocator leaves between blocks of all sizes.
const RESERVE: u64 = 16;

impl MemoryStore {
    /// One that takes at most about `max_bytes` of memory. With 0 it stores nothing.
    pub fn with_max_bytes(max_bytes: u64) -> Self {
        let room = max_bytes - max_bytes / RESERVE;
        let index = Arc::new(Index::for_bytes(max_bytes));
        let evictions = Arc::new(AtomicU64::new(0));
        let (indexed, evicted) = (Arc::clone(&index), Arc::clone(&evictions));
        let forget = move |_, held: Arc<Held>, cause| {
            if let Some(resource) = held.take() {
                indexed.remove(&resource);
            }
            if cause == RemovalCause::Size {
                evicted.fetch_add(1, Ordering::Relaxed);
            }
        };
        let policy = Cache::builder()
            .max_capacity(room)
            .weigher(|_, held: &Arc<Held>| held.weight)
            .expire_after(Keep)
            .eviction_listener(forget)
            .build_with_hasher(Unhashed::default());
        Self(Arc::new(Inner {
            max_bytes,
            room,
            shared: Shared::default(),
            index,
            policy,
            taken_in: AtomicU64::new(0),
            evictions,
            refused: AtomicU64::new(0),
        }))
    }

    /// The same with a tier behind it that several processes share: what is not in memory is looked for there, before the
    /// service is asked, and what the service answers is kept in both. A purge in one process is one in all.
    ///
    /// ```
    /// # use tower_weir::cache::second_tier::SecondTier;
    /// use tower_weir::cache::{CacheLayer, MemoryStore};
    ///
    /// # fn layer(tier: impl SecondTier) -> CacheLayer {
    /// let store = MemoryStore::with_max_bytes(64 << 20).over(tier);
    /// CacheLayer::new(store).named("articles")
    /// # }
    /// ```
    ///
    /// A cache is shared by processes that give it the same name, and tell requests apart in the same way.
    ///
    /// # Panics
    ///
    /// If the store was cloned before: those who have it would not know of the tier.
    #[cfg(feature = "redis")]
    #[must_use]
    pub fn over(mut self, tier: impl SecondTier) -> Self {
        let Some(inner) = Arc::get_mut(&mut self.0) else {
            panic!(
                "a store must be given its second tier before it is cloned, or given to a layer"
            );
        };
        inner.shared = Shared::over(tier);
        self
    }
}

impl Store for MemoryStore {
    #[inline]
    fn get(&self, fingerprint: &Fingerprint) -> Result<Option<Arc<Resource>>, StoreError> {
        let mut found = None;
        self.visit(fingerprint, &mut |resource| found = Some(Arc::clone(resource)))?;
        Ok(found)
    }

    #[inline]
    fn visit(
        &self,
        fingerprint: &Fingerprint,
        visit: &mut dyn FnMut(&Arc<Resource>),
    ) -> Result<(), StoreError> {
        match self.0.index.show(*fingerprint, &mut *visit) {
            Some(false) => {}
            Some(true) => drop(self.0.policy.get(fingerprint)),
            None => self.0.look_up(fingerprint).iter().for_each(visit),
        }
        Ok(())
    }

    fn peek(&self, fingerprint: &Fingerprint) -> Result<Option<Arc<Resource>>, StoreError> {
        let Inner { index, policy, .. } = &*self.0;
        let mut found = None;
        if let Some(true) = index.show(*fingerprint, |resource| found = Some(Arc::clone(resource)))
        {
            // The next who asks for it would not be the first of this age any more.
            drop(policy.get(fingerprint));
        }
        // To get what is not there would count as asking for it.
        if found.is_none() && policy.contains_key(fingerprint) {
            found = policy.get(fingerprint).and_then(|held| held.resource());
        }
        Ok(found)
    }

    fn insert(&self, resource: Arc<Resource>, keep: Duration) -> Result<(), StoreError> {
        let fingerprint = resource.fingerprint;
        let held = Held::new(resource, keep).filter(|held| u64::from(held.weight) <= self.0.room);
        let Some(held) = held else {
            self.0.refused.fetch_add(1, Ordering::Relaxed);
            return self.remove(&fingerprint);
        };
        let weight = u64::from(held.weight);
        self.0.index.forget(fingerprint);
        self.0.policy.insert(fingerprint, Arc::new(held));
        self.0.make_room(weight);
        Ok(())
    }

    fn remove(&self, fingerprint: &Fingerprint) -> Result<(), StoreError> {
        self.0.index.forget(*fingerprint);
        self.0.policy.invalidate(fingerprint);
        Ok(())
    }

    /// Its memory is free when this returns, unless there is so much that it takes over 100 ms: then soon after.
    fn clear(&self) {
        // What is being stored right now goes too.
        self.0.shared.purge(&Purge::All);
        self.0.policy.invalidate_all();
        self.0.index.clear();
        self.0.policy.run_pending_tasks();
    }

    fn usage(&self) -> Usage {
        let Inner { max_bytes, policy, evictions, refused, .. } = &*self.0;
        policy.run_pending_tasks();
        Usage {
            entries: policy.entry_count(),
            bytes: policy.weighted_size(),
            max_bytes: Some(*max_bytes),
            evictions: evictions.load(Ordering::Relaxed),
            refused: refused.load(Ordering::Relaxed),
        }
    }

    fn shared(&self) -> &Shared {
        &self.0.shared
    }
}

impl Inner {
    #[inline(never)]
    fn look_up(&self, fingerprint: &Fingerprint) -> Option<Arc<Resource>> {
        let before = self.index.before();
        let resource = self.policy.get(fingerprint)?.resource()?;
        self.index.offer(&resource, &before);
        Some(resource)
    }

    /// By itself, the policy makes room after so many insertions, however large they were.
    fn make_room(&self, inserted: u64) {
        let taken_in = self.taken_in.fetch_add(inserted, Ordering::Relaxed) + inserted;
        if taken_in > self.room / AGES {
            self.taken_in.store(0, Ordering::Relaxed);
            self.policy.run_pending_tasks();
            self.index.next_age();
        }
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("max_bytes", &self.0.max_bytes).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(weir_loom)))]
mod tests;
