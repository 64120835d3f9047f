//! Metrics of rate limits and of loads.

use super::{Kind, Metric};

/// Requests decided on by a rate limit.
pub const RATE_LIMIT_DECISIONS: Metric = Metric {
    name: "weir_rate_limit_decisions_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["limit", "policy", "outcome"],
    help: "Requests decided on, each once. outcome: allowed, limited, queued if it passed after a wait, shadowed if a dry \
           run let it pass, exempt, denied, or error if it was rejected for want of a key or of a shared store's answer. \
           policy: the one that limited it, `_all` for all other outcomes.",
};

/// The multipliers of policies that adapt.
pub const RATE_LIMIT_MULTIPLIER: Metric = Metric {
    name: "weir_rate_limit_multiplier",
    kind: Kind::Gauge,
    unit: "count",
    labels: &["limit", "policy"],
    help: "The share of its rate that a policy is at, as of the last request: 1 unless it adapts or was capped.",
};

/// Requests decided on without the shared store.
pub const RATE_LIMIT_FALLBACKS: Metric = Metric {
    name: "weir_rate_limit_fallbacks_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["limit", "fallback"],
    help: "Requests decided on while the shared store did not answer. fallback: open if they passed, closed if they were \
           rejected, local if this process enforced its share of the quota.",
};

/// Cells that were leased from the shared store.
pub const RATE_LIMIT_LEASED: Metric = Metric {
    name: "weir_rate_limit_leased_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["limit", "event"],
    help: "Cells, each as much as a request of cost 1 takes, that this process leased from the shared store. event: bought; \
           spent by requests; returned; or lost if a return failed.",
};

/// How long queued requests waited.
pub const RATE_LIMIT_WAIT: Metric = Metric {
    name: "weir_rate_limit_wait_seconds",
    kind: Kind::Histogram,
    unit: "seconds",
    labels: &["limit"],
    help: "How long those requests waited for their turn that a queue let pass.",
};

/// Requests that carried no key.
pub const RATE_LIMIT_MISSING_KEYS: Metric = Metric {
    name: "weir_rate_limit_missing_keys_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["limit"],
    help: "Requests that carried no key to be counted for, whatever became of them.",
};

/// Slots of a limiter's table that have ever been taken.
pub const RATE_LIMIT_TABLE_SLOTS_USED: Metric = Metric {
    name: "weir_rate_limit_table_slots_used",
    kind: Kind::Gauge,
    unit: "count",
    labels: &["limit"],
    help: "Slots of the layer's table that hold a key, live or expired.",
};

/// Slots that a limiter's table has.
pub const RATE_LIMIT_TABLE_SLOTS: Metric = Metric {
    name: "weir_rate_limit_table_slots",
    kind: Kind::Gauge,
    unit: "count",
    labels: &["limit"],
    help: "Slots that the layer's table has.",
};

/// Keys that had to make room while they still owed.
pub const RATE_LIMIT_TABLE_EVICTIONS: Metric = Metric {
    name: "weir_rate_limit_table_evictions_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["limit"],
    help: "Keys that had to make room in a full table before their debt had run out.",
};

/// The debt that was lost with them.
pub const RATE_LIMIT_TABLE_LOST_DEBT: Metric = Metric {
    name: "weir_rate_limit_table_lost_debt_seconds_total",
    kind: Kind::Counter,
    unit: "seconds",
    labels: &["limit"],
    help: "Debt of evicted keys, as the time that would have paid it off, in whole seconds.",
};

/// The load signals of adaptive limits.
pub const LOAD: Metric = Metric {
    name: "weir_load",
    kind: Kind::Gauge,
    unit: "count",
    labels: &["signal"],
    help: "The last sample of a load signal that some limit adapts to, in the signal's unit; not a number if it could not be \
           told.",
};
