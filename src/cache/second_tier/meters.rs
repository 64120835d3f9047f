use metrics::{Counter, counter};

use crate::telemetry::{Resolved, names};

/// What came of a lookup in the tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recall {
    Hit,
    /// The service is asked to confirm it.
    Stale,
    Miss,
    Purged,
    /// It could not be read.
    Corrupt,
    /// The tier did not answer.
    Unavailable,
}

impl Recall {
    /// As in metrics.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Stale => "stale",
            Self::Miss => "miss",
            Self::Purged => "purged",
            Self::Corrupt => "corrupt",
            Self::Unavailable => "unavailable",
        }
    }
}

/// What is told of a cache's lookups in its tier: each counter from when it first counts, so that those of caches without a
/// tier are not there.
#[derive(Debug, Default)]
pub(in crate::cache) struct Recalls([Resolved<Counter>; 6]);

impl Recalls {
    pub(super) fn count(&self, cache: &str, recall: Recall) {
        let counter = self.0[recall as usize].get_or_resolve(|| {
            let (name, cache) = (names::CACHE_SECOND_TIER.name, cache.to_owned());
            counter!(name, "cache" => cache, "outcome" => recall.as_str())
        });
        counter.increment(1);
    }
}
