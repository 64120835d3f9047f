use super::{Purge, Purges};
use crate::{cache::Entry, sync::AtomicU64};

/// Purges and one entry, for the tests under loom, which see no more of the crate than its users.
#[derive(Debug)]
pub struct PurgesModel {
    purges: Purges,
    entry: Entry,
}

impl Default for PurgesModel {
    /// With an entry that has the tags 1 and 2.
    fn default() -> Self {
        let purges = Purges::default();
        let entry = Entry {
            tags: Box::new([1, 2]),
            born: purges.epoch(),
            outlived: AtomicU64::new(purges.epoch()),
            ..Entry::of_nothing()
        };
        Self { purges, entry }
    }
}

impl PurgesModel {
    /// The number of the last purge.
    pub fn epoch(&self) -> u64 {
        self.purges.epoch()
    }

    /// Purges a tag.
    pub fn purge_tag(&self, tag: u64) {
        self.purges.purge(&Purge::Tag(tag));
    }

    /// Purges everything.
    pub fn purge_all(&self) {
        self.purges.purge(&Purge::All);
    }

    /// Whether the entry was purged.
    pub fn concerns_entry(&self) -> bool {
        self.purges.concerns(&self.entry)
    }
}
