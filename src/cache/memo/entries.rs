use std::{
    borrow::Borrow,
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use moka::{Expiry, notification::RemovalCause, sync::Cache};

use super::{kept::Kept, settings::Bound};

/// The values that are kept, no more than there may be. Those whose time is over are kept until they make room.
pub(super) struct Entries<K, V> {
    // Keys are hashed under a secret of its own.
    cache: Cache<K, Kept<V>>,
    /// How much may have been written before it is seen to that there is not too much.
    slack: u64,
    written: AtomicU64,
    /// How often everything was forgotten. The cache goes by the time of that, which two who do so at once may set back.
    clears: AtomicU64,
    evictions: Arc<AtomicU64>,
}

/// How much there is.
pub(super) struct Usage {
    pub(super) entries: u64,
    pub(super) weight: u64,
    pub(super) evictions: u64,
}

/// Lets the cache forget what is gone by real time; what is good is decided by ours.
struct Forget;

impl<K, V> Expiry<K, Kept<V>> for Forget {
    fn expire_after_create(&self, _: &K, kept: &Kept<V>, _: Instant) -> Option<Duration> {
        Some(kept.keep_for)
    }

    fn expire_after_update(
        &self,
        _: &K,
        kept: &Kept<V>,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(kept.keep_for)
    }
}

impl<K, V> Entries<K, V>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(super) fn new(bound: &Bound<K, V>) -> Self {
        let (Bound::Entries(most) | Bound::Bytes(most, _)) = bound;
        let evictions = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&evictions);
        let cache = Cache::builder()
            .max_capacity(*most)
            .weigher(|_, kept: &Kept<V>| kept.weight)
            .expire_after(Forget)
            .eviction_listener(move |_, _, cause| {
                if cause == RemovalCause::Size {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
            .build();
        let [written, clears] = [(); 2].map(|()| AtomicU64::new(0));
        Self { cache, slack: most / 32, written, clears, evictions }
    }

    pub(super) fn get<Q>(&self, key: &Q) -> Option<Kept<V>>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.cache.get(key).filter(|kept| kept.clears == self.clears())
    }

    /// How often everything was forgotten.
    pub(super) fn clears(&self) -> u64 {
        self.clears.load(Ordering::SeqCst)
    }

    /// Keeps a value in place of another; with none, only forgets the other.
    pub(super) fn replace(&self, key: K, kept: Option<Kept<V>>) {
        match kept {
            Some(kept) => {
                self.written.fetch_add(u64::from(kept.weight), Ordering::Relaxed);
                self.cache.insert(key, kept);
            }
            None => self.cache.invalidate(&key),
        }
    }

    /// Makes room, if much was written since it was last made: left alone, the cache does so after some hundreds of writes, of
    /// whatever size.
    pub(super) fn settle(&self) {
        if self.written.load(Ordering::Relaxed) > self.slack {
            self.written.store(0, Ordering::Relaxed);
            self.cache.run_pending_tasks();
        }
    }

    pub(super) fn remove<Q>(&self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.cache.invalidate(key);
    }

    pub(super) fn clear(&self) {
        self.clears.fetch_add(1, Ordering::SeqCst);
        self.cache.invalidate_all();
    }

    pub(super) fn usage(&self) -> Usage {
        self.cache.run_pending_tasks();
        Usage {
            entries: self.cache.entry_count(),
            weight: self.cache.weighted_size(),
            evictions: self.evictions.load(Ordering::Relaxed),
        }
    }
}
