use metrics::{Counter, counter};

use crate::telemetry::names;

/// What is told of requests that the store was not there for.
pub(in crate::rate_limit) struct Meters {
    pub(in crate::rate_limit) fallbacks: Counter,
}

impl Meters {
    pub(in crate::rate_limit) fn resolve(limit: &str, fallback: &'static str) -> Self {
        let metric = names::RATE_LIMIT_FALLBACKS.name;
        Self { fallbacks: counter!(metric, "limit" => limit.to_owned(), "fallback" => fallback) }
    }
}
