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
    /// Whether a key is limited; adds its quotas to `tiers`.
    #[inline]
    pub(super) fn apply(&self, key: Key, tiers: &mut Tiers) -> Access {
        if self.any() { self.apply_any(key, tiers) } else { Access::Limited }
    }

    /// Whether there ever was one.
    #[inline]
    pub(super) fn any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    #[cold]
    fn apply_any(&self, key: Key, tiers: &mut Tiers) -> Access {
        let shard = self.shard(key).load();
        let Some(exception) = shard.get(&key) else { return Access::Limited };
        for (at, quota) in exception.quotas.iter().enumerate() {
            if quota.is_some() {
                set(tiers, at, *quota);
            }
        }
        exception.access
    }

    pub(super) fn set_access(&self, key: Key, access: Access) {
        self.edit(key, |exception| exception.access = access);
    }

    pub(super) fn set_quota(&self, key: Key, policy: usize, quota: Option<Quota>) {
        self.edit(key, |exception| set(&mut exception.quotas, policy, quota));
    }

    /// A key's own quota for a policy.
    pub(super) fn quota(&self, key: Key, policy: usize) -> Option<Quota> {
        self.shard(key).load().get(&key)?.quotas.get(policy).copied().flatten()
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
