use metrics::{Counter, counter};

use crate::{redis::Redis, telemetry::names};

/// What is told of purges that cross processes.
pub(in crate::redis) struct Meters {
    pub(in crate::redis) sent: Counter,
    pub(super) received: Counter,
    pub(super) repaired: Counter,
}

impl Meters {
    pub(in crate::redis) fn resolve(redis: &Redis) -> Self {
        let event = |event| counter!(names::REDIS_PURGES.name, "redis" => redis.name().clone(), "event" => event);
        Self { sent: event("sent"), received: event("received"), repaired: event("repaired") }
    }
}
