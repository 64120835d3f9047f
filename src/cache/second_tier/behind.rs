use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::{Purging, SecondTier, SecondTierError};
use crate::cache::purges::Purges;

/// The tier behind a store.
pub(crate) struct Tier {
    tier: Box<dyn SecondTier>,
    purging: Purging,
    failing: AtomicBool,
}

impl Tier {
    pub(crate) fn new(tier: Box<dyn SecondTier>, purges: &Arc<Purges>) -> Self {
        let purging = Purging::new(purges);
        tier.carry(purging.clone());
        Self { tier, purging, failing: AtomicBool::new(false) }
    }

    pub(crate) fn purging(&self) -> &Purging {
        &self.purging
    }

    pub(super) fn tier(&self) -> &dyn SecondTier {
        &*self.tier
    }

    #[cold]
    pub(super) fn failed(&self, cache: &str, error: &SecondTierError) {
        if !self.failing.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                cache,
                "{error}; requests are answered without it (logged once until it works again)"
            );
        }
    }

    pub(super) fn works(&self, cache: &str) {
        if self.failing.load(Ordering::Relaxed) && self.failing.swap(false, Ordering::Relaxed) {
            tracing::info!(cache, "the cache's second tier works again");
        }
    }
}
