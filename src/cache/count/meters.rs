use metrics::{Counter, Gauge, counter, gauge};

use crate::{cache::Usage, telemetry::names};

/// What is told of one cache besides its requests.
#[derive(Debug)]
pub(in super::super) struct Meters {
    cache: Box<str>,
    pub(in super::super) stored: Counter,
    pub(in super::super) refreshes: Counter,
    pub(in super::super) store_errors: Counter,
    entries: Gauge,
    bytes: Gauge,
    max_bytes: Gauge,
    evictions: Counter,
}

impl Meters {
    pub(in super::super) fn resolve(cache: &str) -> Self {
        let label = || cache.to_owned();
        Self {
            cache: cache.into(),
            stored: counter!(names::CACHE_STORED.name, "cache" => label()),
            refreshes: counter!(names::CACHE_REFRESHES.name, "cache" => label()),
            store_errors: counter!(names::CACHE_STORE_ERRORS.name, "cache" => label()),
            entries: gauge!(names::CACHE_ENTRIES.name, "cache" => label()),
            bytes: gauge!(names::CACHE_BYTES.name, "cache" => label()),
            max_bytes: gauge!(names::CACHE_MAX_BYTES.name, "cache" => label()),
            evictions: counter!(names::CACHE_EVICTIONS.name, "cache" => label()),
        }
    }

    /// A response of the service was not stored.
    pub(in super::super) fn refused(&self, reason: &'static str) {
        let cache = self.cache.to_string();
        counter!(names::CACHE_NOT_STORED.name, "cache" => cache, "reason" => reason).increment(1);
    }

    pub(in super::super) fn purged(&self, kind: &'static str) {
        let cache = self.cache.to_string();
        counter!(names::CACHE_PURGES.name, "cache" => cache, "kind" => kind).increment(1);
    }

    pub(in super::super) fn usage(&self, usage: &Usage) {
        self.entries.set(usage.entries as f64);
        self.bytes.set(usage.bytes as f64);
        if let Some(max) = usage.max_bytes {
            self.max_bytes.set(max as f64);
        }
        self.evictions.absolute(usage.evictions);
    }
}
