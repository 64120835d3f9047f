//! Metrics of concurrency limits.

use super::{Kind, Metric};

/// Requests decided on by a concurrency limit.
pub const CONCURRENCY_REQUESTS: Metric = Metric {
    name: "weir_concurrency_requests_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["limit", "class", "outcome"],
    help: "Requests decided on, each once. outcome: admitted, queued if it passed after a wait, full, timed_out, deadline, \
           displaced or draining if it was refused, abandoned if its client left while it waited, shadowed if a dry run let it \
           pass, exempt, or error if it was rejected for want of a key. class: its priority, `_all` where there are none.",
};

/// The limit of a concurrency limit.
pub const CONCURRENCY_LIMIT: Metric = Metric {
    name: "weir_concurrency_limit",
    kind: Kind::Gauge,
    unit: "count",
    labels: &["limit"],
    help: "How many requests may be under way at once; of a limit for each key, of the one that changed last.",
};

/// Requests under way behind a concurrency limit.
pub const CONCURRENCY_IN_FLIGHT: Metric = Metric {
    name: "weir_concurrency_in_flight",
    kind: Kind::Gauge,
    unit: "count",
    labels: &["limit"],
    help: "Requests under way behind a limit.",
};

/// Requests that wait at a concurrency limit.
pub const CONCURRENCY_WAITING: Metric = Metric {
    name: "weir_concurrency_waiting",
    kind: Kind::Gauge,
    unit: "count",
    labels: &["limit"],
    help: "Requests that wait until fewer are under way.",
};

/// How long requests waited at a concurrency limit.
pub const CONCURRENCY_WAIT: Metric = Metric {
    name: "weir_concurrency_wait_seconds",
    kind: Kind::Histogram,
    unit: "seconds",
    labels: &["limit"],
    help: "How long those requests waited that passed after a wait.",
};

/// Requests without a key at a concurrency limit.
pub const CONCURRENCY_MISSING_KEYS: Metric = Metric {
    name: "weir_concurrency_missing_keys_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["limit"],
    help: "Requests that carried no key to be limited by, whatever became of them.",
};
