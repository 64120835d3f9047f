use std::{fmt, sync::PoisonError};

use super::{
    Purge,
    records::{Bounds, Records},
};
use crate::{
    cache::Entry,
    sync::{AtomicU64, Mutex, Ordering},
};

/// Which purges there were, for all entries of a store.
///
/// It tells up to 65,536 tags and 256 prefixes and patterns apart, and only the last purge by each counts. With one more,
/// the older half of them is forgotten, and counts as one purge of everything that was not asked for since: more is purged
/// then than was meant, never less.
pub(crate) struct Purges {
    /// That of the records, to be read without their lock. Stored while they are locked.
    epoch: AtomicU64,
    records: Mutex<Records>,
}

/// In [`Entry::outlived`]: known to be purged. No purge reaches that number.
const PURGED: u64 = u64::MAX;

impl Default for Purges {
    fn default() -> Self {
        Self::bounded(Bounds::default())
    }
}

impl Purges {
    fn bounded(bounds: Bounds) -> Self {
        Self { epoch: AtomicU64::new(0), records: Mutex::new(Records::new(bounds)) }
    }

    /// How many there have been. What is asked for from now on is born at this epoch: earlier purges do not concern it.
    pub(crate) fn epoch(&self) -> u64 {
        // Acquire, so that a request whose answer outlives a purge is sent after what the purger did before it.
        self.epoch.load(Ordering::Acquire)
    }

    pub(crate) fn purge(&self, purge: &Purge) {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let epoch = records.epoch() + 1;
        records.add(epoch, purge);
        self.epoch.store(epoch, Ordering::Release);
    }

    /// Whether `entry` was purged.
    ///
    /// Once a purge has returned, whoever knows of that gets `true` for all that it concerns.
    ///
    /// Unless there was a purge since it was last asked of the entry, this is two loads. They need no order: `outlived` says
    /// of one epoch that the entry was found in no purge up to it, which stays true, and whoever knows that a purge has
    /// returned also reads its epoch or a later one.
    #[inline]
    pub(crate) fn concerns(&self, entry: &Entry) -> bool {
        !entry.has_outlived(self.epoch.load(Ordering::Relaxed)) && self.look_up(entry)
    }

    #[cold]
    fn look_up(&self, entry: &Entry) -> bool {
        let outlived = entry.outlived.load(Ordering::Relaxed);
        if outlived == PURGED {
            return true;
        }
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let epoch = records.epoch();
        let purged = records.concern(entry, outlived);
        drop(records);
        // Another may have stored a later epoch meanwhile. Then this one is looked up once more than needed, no worse.
        entry.outlived.store(if purged { PURGED } else { epoch }, Ordering::Relaxed);
        purged
    }
}

impl fmt::Debug for Purges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Purges").field("epoch", &self.epoch()).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(weir_loom)))]
mod tests;
