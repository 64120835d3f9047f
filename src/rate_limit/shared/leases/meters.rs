use metrics::{Counter, counter};

use crate::telemetry::names;

/// What is told of the cells that were leased. Those that are held are what was bought and is nothing else yet.
pub(in crate::rate_limit) struct LeaseMeters {
    pub(super) bought: Counter,
    pub(super) spent: Counter,
    pub(super) returned: Counter,
    pub(super) lost: Counter,
}

impl LeaseMeters {
    pub(in crate::rate_limit) fn resolve(limit: &str) -> Self {
        let event = |event| {
            let metric = names::RATE_LIMIT_LEASED.name;
            counter!(metric, "limit" => limit.to_owned(), "event" => event)
        };
        Self {
            bought: event("bought"),
            spent: event("spent"),
            returned: event("returned"),
            lost: event("lost"),
        }
    }
}
