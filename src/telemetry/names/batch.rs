//! Metrics of batches.

use super::{Kind, Metric};

/// What became of the items of a batch.
pub const BATCH_ITEMS: Metric = Metric {
    name: "weir_batch_items_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["batch", "outcome"],
    help: "Items, each once. outcome: answered, failed if its own answer was an error, batch_failed if all of its batch failed, \
           abandoned if whoever wanted it left before its batch did, full, too_heavy, closed or no_runtime if it was refused.",
};

/// Items that were the same as one that waited already.
pub const BATCH_DUPLICATES: Metric = Metric {
    name: "weir_batch_duplicates_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["batch"],
    help: "Items that got the answer to another of their batch, being the same.",
};

/// Batches that left.
pub const BATCH_FLUSHES: Metric = Metric {
    name: "weir_batch_flushes_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["batch", "reason"],
    help: "Batches that were sent. reason: full, weight, linger when the wait for more was over or not worth it, shutdown.",
};

/// Batches that failed as a whole.
pub const BATCH_FAILURES: Metric = Metric {
    name: "weir_batch_failures_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["batch", "reason"],
    help: "Batches that failed as a whole. reason: error, panic, wrong_count if there were not as many answers as items, aborted \
           if the runtime ended.",
};

/// How many items batches had.
pub const BATCH_SIZE: Metric = Metric {
    name: "weir_batch_size",
    kind: Kind::Histogram,
    unit: "count",
    labels: &["batch"],
    help: "How many items were sent at once.",
};

/// What batches weighed.
pub const BATCH_WEIGHT: Metric = Metric {
    name: "weir_batch_weight",
    kind: Kind::Histogram,
    unit: "count",
    labels: &["batch"],
    help: "What was sent at once weighed in all, where there is a bound on it.",
};

/// How long batches waited.
pub const BATCH_LINGER: Metric = Metric {
    name: "weir_batch_linger_seconds",
    kind: Kind::Histogram,
    unit: "seconds",
    labels: &["batch"],
    help: "How long the first item of each batch waited until it was sent.",
};

/// How long the calls for batches took.
pub const BATCH_DURATION: Metric = Metric {
    name: "weir_batch_duration_seconds",
    kind: Kind::Histogram,
    unit: "seconds",
    labels: &["batch"],
    help: "How long the calls for whole batches took.",
};

/// Items that wait to be sent.
pub const BATCH_WAITING: Metric = Metric {
    name: "weir_batch_waiting",
    kind: Kind::Gauge,
    unit: "count",
    labels: &["batch"],
    help: "Items that wait to be sent.",
};

/// Batches under way.
pub const BATCH_IN_FLIGHT: Metric = Metric {
    name: "weir_batch_in_flight",
    kind: Kind::Gauge,
    unit: "count",
    labels: &["batch"],
    help: "Batches under way.",
};
