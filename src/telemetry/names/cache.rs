//! Metrics of caches.

use super::{Kind, Metric};

/// Requests that came to a cache.
pub const CACHE_REQUESTS: Metric = Metric {
    name: "weir_cache_requests_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["cache", "route", "outcome"],
    help: "Requests answered, each once. outcome: hit, stale, revalidated if the service confirmed what was stored, collapsed \
           if the response was on its way for another request, miss, or bypass if the cache was not asked.",
};

/// Responses that were stored.
pub const CACHE_STORED: Metric = Metric {
    name: "weir_cache_stored_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["cache"],
    help: "Responses that were stored, new ones and in place of others.",
};

/// Responses that were not stored.
pub const CACHE_NOT_STORED: Metric = Metric {
    name: "weir_cache_not_stored_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["cache", "reason"],
    help: "Responses to requests that the cache was asked about which were not stored, and why, as in Cache-Status.",
};

/// Refreshes in the background.
pub const CACHE_REFRESHES: Metric = Metric {
    name: "weir_cache_refreshes_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["cache"],
    help: "Calls of the service in the background, to refresh what a client got already.",
};

/// Purges.
pub const CACHE_PURGES: Metric = Metric {
    name: "weir_cache_purges_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["cache", "kind"],
    help: "Purges. kind: uri, tag, prefix, pattern, all, or invalidation if an unsafe request caused it.",
};

/// Responses in a cache's store.
pub const CACHE_ENTRIES: Metric = Metric {
    name: "weir_cache_entries",
    kind: Kind::Gauge,
    unit: "count",
    labels: &["cache"],
    help: "Responses in the cache's store, variants of one counting once, as of the last that was stored.",
};

/// Bytes in a cache's store.
pub const CACHE_BYTES: Metric = Metric {
    name: "weir_cache_bytes",
    kind: Kind::Gauge,
    unit: "bytes",
    labels: &["cache"],
    help: "Memory that they take, with all that it costs to know of them.",
};

/// Bytes that a cache's store may take.
pub const CACHE_MAX_BYTES: Metric = Metric {
    name: "weir_cache_max_bytes",
    kind: Kind::Gauge,
    unit: "bytes",
    labels: &["cache"],
    help: "Memory that they may take.",
};

/// Responses that had to make room.
pub const CACHE_EVICTIONS: Metric = Metric {
    name: "weir_cache_evictions_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["cache"],
    help: "Responses that had to make room in the cache's store for others, or were not let in.",
};

/// Failures of a cache's store.
pub const CACHE_STORE_ERRORS: Metric = Metric {
    name: "weir_cache_store_errors_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["cache"],
    help: "Failures of the cache's store. The requests went on as if nothing were stored.",
};

/// Lookups in a cache's second tier.
pub const CACHE_SECOND_TIER: Metric = Metric {
    name: "weir_cache_second_tier_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["cache", "outcome"],
    help: "Lookups in the cache's second tier, for requests that the first had no answer for. outcome: hit, stale if the service \
           was asked to confirm it, miss, purged, corrupt if it could not be read, or unavailable if the tier did not answer.",
};

/// Writes to a cache's second tier.
pub const CACHE_SECOND_TIER_WRITES: Metric = Metric {
    name: "weir_cache_second_tier_writes_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["cache", "outcome"],
    help: "Responses to be written to the cache's second tier. outcome: written, too_large, dropped because too many waited, or \
           failed.",
};
