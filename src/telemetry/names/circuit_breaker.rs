//! Metrics of circuit breakers.

use super::{Kind, Metric};

/// Calls that came to a circuit breaker.
pub const CIRCUIT_BREAKER_CALLS: Metric = Metric {
    name: "weir_circuit_breaker_calls_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["breaker", "outcome"],
    help: "Calls that came to a circuit breaker, each once. outcome: success, slow if it succeeded late, failure, ignored, \
           cancelled if it was given up, rejected, or shadowed if a dry run let it pass.",
};

/// The circuits of a breaker.
pub const CIRCUIT_BREAKER_STATE: Metric = Metric {
    name: "weir_circuit_breaker_state",
    kind: Kind::Gauge,
    unit: "count",
    labels: &["breaker", "state"],
    help: "How many circuits of a breaker are in a state: 1 in all, and one more for each key if it has keys. state: closed, \
           half_open or open.",
};

/// Changes of circuit breakers.
pub const CIRCUIT_BREAKER_TRANSITIONS: Metric = Metric {
    name: "weir_circuit_breaker_transitions_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["breaker", "to"],
    help: "How often a circuit of a breaker entered a state. to: closed, half_open or open.",
};

/// Requests that carried no key to choose a circuit by.
pub const CIRCUIT_BREAKER_MISSING_KEYS: Metric = Metric {
    name: "weir_circuit_breaker_missing_keys_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["breaker"],
    help: "Requests that carried no key to choose a circuit by, whatever became of them.",
};
