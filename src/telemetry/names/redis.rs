//! Metrics of connections to Redis.

use super::{Kind, Metric};

/// Whether a server answers.
pub const REDIS_UP: Metric = Metric {
    name: "weir_redis_up",
    kind: Kind::Gauge,
    unit: "count",
    labels: &["redis"],
    help: "1 while the server is asked, 0 while it is left alone because it did not answer.",
};

/// What was asked of a server.
pub const REDIS_CALLS: Metric = Metric {
    name: "weir_redis_calls_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["redis", "use", "outcome"],
    help: "Calls of the server. use: limit, cache, flight, write, purge, or upkeep. outcome: ok, timeout, error, or skipped because \
           the server is left alone.",
};

/// How long it took to answer.
pub const REDIS_CALL_DURATION: Metric = Metric {
    name: "weir_redis_call_duration_seconds",
    kind: Kind::Histogram,
    unit: "seconds",
    labels: &["redis", "use"],
    help: "How long calls of the server took that it answered, or that timed out.",
};

/// Purges that processes told each other.
pub const REDIS_PURGES: Metric = Metric {
    name: "weir_redis_purges_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["redis", "event"],
    help: "Purges of caches that cross processes. event: sent, received, or repaired if the message was lost and the log had it.",
};
