use std::{sync::Arc, time::Duration};

use super::kept::{Began, Kept};
use crate::clock::{Clock, Timestamp};

/// What a memo was told.
pub(super) struct Settings<K, V> {
    pub(super) ttl: Duration,
    pub(super) ttl_by: Option<TtlBy<K, V>>,
    pub(super) stale_for: Duration,
    /// Zero, if nothing is loaded early.
    pub(super) beta: f64,
    pub(super) max_wait: Duration,
    pub(super) bound: Bound<K, V>,
    pub(super) clock: Clock,
}

/// How much is kept.
pub(super) enum Bound<K, V> {
    Entries(u64),
    Bytes(u64, Weigh<K, V>),
}

pub(super) type TtlBy<K, V> = Arc<dyn Fn(&K, &V) -> Duration + Send + Sync>;
pub(super) type Weigh<K, V> = Arc<dyn Fn(&K, &V) -> usize + Send + Sync>;

/// Of an entry, besides its key and value: two `Arc`s, nodes of two lists and of the timers, its place in the table.
const OVERHEAD: usize = 256;

impl<K, V> Settings<K, V> {
    pub(super) fn new(ttl: Duration) -> Self {
        Self {
            ttl,
            ttl_by: None,
            stale_for: Duration::ZERO,
            beta: 0.0,
            max_wait: Duration::from_secs(30),
            bound: Bound::Entries(10_000),
            clock: Clock::system(),
        }
    }

    /// `value` as it is kept from `now` on; `None` if it is not to be, or is too large.
    pub(super) fn keep(&self, key: &K, value: V, began: Began, now: Timestamp) -> Option<Kept<V>> {
        let ttl = self.ttl_by.as_ref().map_or(self.ttl, |ttl_by| ttl_by(key, &value));
        let weight = self.weight(key, &value)?;
        let expires = now.saturating_add(ttl);
        let gone = expires.saturating_add(self.stale_for);
        let (keep_for, cost) = (gone.saturating_since(now), now.saturating_since(began.at));
        let clears = began.clears;
        (!ttl.is_zero()).then_some(Kept { value, expires, gone, keep_for, cost, weight, clears })
    }

    fn weight(&self, key: &K, value: &V) -> Option<u32> {
        match &self.bound {
            Bound::Entries(_) => Some(1),
            Bound::Bytes(most, weigh) => {
                let own = size_of::<K>() + size_of::<Kept<V>>() + OVERHEAD;
                let weight = weigh(key, value).saturating_add(own);
                u32::try_from(weight).ok().filter(|weight| u64::from(*weight) <= *most)
            }
        }
    }
}

impl<K, V> Clone for Settings<K, V> {
    fn clone(&self) -> Self {
        let bound = match &self.bound {
            Bound::Entries(most) => Bound::Entries(*most),
            Bound::Bytes(most, weigh) => Bound::Bytes(*most, Arc::clone(weigh)),
        };
        Self { ttl_by: self.ttl_by.clone(), bound, clock: self.clock.clone(), ..*self }
    }
}
