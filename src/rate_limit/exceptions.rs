//! What holds for single keys instead of the rule: quotas of their own, free passage, or none.

use std::{
    collections::HashMap,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use arc_swap::ArcSwap;

use super::Quota;
use crate::key::Key;

/// By a policy's place: the quota that a key has instead of the policy's. Shorter than the policies are many if the rest has
/// none. Nearly always empty, so it is small.
pub(super) type Tiers = Vec<Option<Quota>>;

/// Whether a key is limited at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Access {
    #[default]
    Limited,
    Allowed,
    Denied,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Exception {
    access: Access,
    quotas: Tiers,
}

/// Exceptions by key. Reading takes no lock; an edit copies one of many parts.
#[derive(Default)]
pub(super) struct Exceptions {
    /// Whether there ever was one, so that limits without any do not look.
    any: AtomicBool,
    shards: OnceLock<Box<[Shard]>>,
}

type Shard = ArcSwap<HashMap<Key, Exception>>;

const SHARDS: usize = 64;

impl Exceptions {
    /// Whether a key is limited.
    #[inline]
    pub(super) fn access(&self, key: Key) -> Access {
        if self.any() {
            self.find(key, |it| Some(it.access)).unwrap_or_default()
        } else {
            Access::Limited
        }
    }

    /// A key's own quota for a policy.
    #[inline]
    pub(super) fn quota(&self, key: Key, policy: usize) -> Option<Quota> {
        if self.any() {
            self.find(key, |it| it.quotas.get(policy).copied().flatten())
        } else {
            None
        }
    }

    /// Puts a key's own quotas in the place of those that it would have without.
    pub(super) fn overlay(&self, key: Key, tiers: &mut Tiers) {
        let own = self.find(key, |it| Some(it.quotas.clone())).unwrap_or_default();
        for (at, quota) in own.into_iter().enumerate().filter(|(_, quota)| quota.is_some()) {
            set(tiers, at, quota);
        }
    }

    /// Whether there ever was one.
    #[inline]
    pub(super) fn any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    #[cold]
    fn find<T>(&self, key: Key, read: impl FnOnce(&Exception) -> Option<T>) -> Option<T> {
        read(self.shard(key).load().get(&key)?)
    }

    pub(super) fn set_access(&self, key: Key, access: Access) {
        self.edit(key, |exception| exception.access = access);
    }

    pub(super) fn set_quota(&self, key: Key, policy: usize, quota: Option<Quota>) {
        self.edit(key, |exception| set(&mut exception.quotas, policy, quota));
    }

    /// The keys with a quota of their own for a policy.
    pub(super) fn keys_with_quota(&self, policy: usize) -> Vec<Key> {
        let own = |exception: &Exception| exception.quotas.get(policy).is_some_and(Option::is_some);
        let mut keys = Vec::new();
        for shard in self.shards.get().into_iter().flatten() {
            keys.extend(shard.load().iter().filter(|(_, it)| own(it)).map(|(key, _)| *key));
        }
        keys
    }

    /// How many keys have any.
    pub(super) fn len(&self) -> usize {
        self.shards.get().map_or(0, |shards| shards.iter().map(|shard| shard.load().len()).sum())
    }

    /// Adds those of other policies, each policy with its place here, if it has one.
    #[cfg(feature = "config")]
    pub(super) fn take_over(&self, others: &Self, places: &[Option<usize>]) {
        for shard in others.shards.get().into_iter().flatten() {
            for (key, exception) in &**shard.load() {
                self.set_access(*key, exception.access);
                for (quota, place) in exception.quotas.iter().zip(places) {
                    if let (Some(_), Some(place)) = (quota, place) {
                        self.set_quota(*key, *place, *quota);
                    }
                }
            }
        }
    }

    fn edit(&self, key: Key, edit: impl Fn(&mut Exception)) {
        self.shard(key).rcu(|exceptions| {
            let mut exceptions = HashMap::clone(exceptions);
            let exception = exceptions.entry(key).or_default();
            edit(exception);
            if exception.access == Access::Limited && exception.quotas.iter().all(Option::is_none) {
                exceptions.remove(&key);
            }
            exceptions
        });
        self.any.store(true, Ordering::Release);
    }

    fn shard(&self, key: Key) -> &Shard {
        let shards = || (0..SHARDS).map(|_| Shard::default()).collect();
        &self.shards.get_or_init(shards)[key.bits() as usize % SHARDS]
    }
}

pub(super) fn set(tiers: &mut Tiers, at: usize, quota: Option<Quota>) {
    if tiers.len() <= at {
        tiers.resize(at + 1, None);
    }
    tiers[at] = quota;
}
