//! Metrics of coalescing.

use super::{Kind, Metric};

/// What became of requests that may share a call.
pub const COALESCE_REQUESTS: Metric = Metric {
    name: "weir_coalesce_requests_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["coalesce", "outcome"],
    help: "Requests, each once. outcome: led if the service was called for it and all who came meanwhile, shared if it got the \
           answer to another, alone if it waited for one that was not for it, passed if it is none that may share.",
};

/// Calls that requests share.
pub const COALESCE_IN_FLIGHT: Metric = Metric {
    name: "weir_coalesce_in_flight",
    kind: Kind::Gauge,
    unit: "count",
    labels: &["coalesce"],
    help: "Calls under way that requests may share.",
};
