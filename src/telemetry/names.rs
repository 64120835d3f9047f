//! Every metric's name, kind, unit, labels and help text, in one place.

#[cfg(any(feature = "_layer", feature = "prometheus"))]
use metrics::Unit;

/// What a metric is: the README's table and the recorders' descriptions are made of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metric {
    /// The name, as in `weir_rate_limit_decisions_total`.
    pub name: &'static str,
    /// Counter, gauge or histogram.
    pub kind: Kind,
    /// The unit, as in `seconds`; `count` if it counts.
    pub unit: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says, in a sentence.
    pub help: &'static str,
}

/// The kinds of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only rises.
    Counter,
    /// Rises and falls.
    Gauge,
    /// A distribution.
    Histogram,
}

/// Requests decided on by a rate limit.
pub const RATE_LIMIT_DECISIONS: Metric = Metric {
    name: "weir_rate_limit_decisions_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["limit", "policy", "outcome"],
    help: "Requests decided on, each once. outcome: allowed, limited, queued if it passed after a wait, shadowed if a dry \
           run let it pass, exempt, denied, or error if it was rejected for want of a key. policy: the one that limited it, \
           `_all` for all other outcomes.",
};

/// The multipliers of policies that adapt.
pub const RATE_LIMIT_MULTIPLIER: Metric = Metric {
    name: "weir_rate_limit_multiplier",
    kind: Kind::Gauge,
    unit: "count",
    labels: &["limit", "policy"],
    help: "The share of its rate that a policy is at, as of the last request: 1 unless it adapts or was capped.",
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

/// Requests that came to a cache.
pub const CACHE_REQUESTS: Metric = Metric {
    name: "weir_cache_requests_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["cache", "route", "outcome"],
    help: "Requests answered, each once. outcome: hit, stale, revalidated if the service confirmed what was stored, collapsed \
           if the response was on its way for another request, miss, or bypass if the cache was not asked.",
};

/// Responses that were stored.
pub const CACHE_STORED: Metric = Metric {
    name: "weir_cache_stored_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["cache"],
    help: "Responses that were stored, new ones and in place of others.",
};

/// Responses that were not stored.
pub const CACHE_NOT_STORED: Metric = Metric {
    name: "weir_cache_not_stored_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["cache", "reason"],
    help: "Responses to requests that the cache was asked about which were not stored, and why, as in Cache-Status.",
};

/// Refreshes in the background.
pub const CACHE_REFRESHES: Metric = Metric {
    name: "weir_cache_refreshes_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["cache"],
    help: "Calls of the service in the background, to refresh what a client got already.",
};

/// Purges.
pub const CACHE_PURGES: Metric = Metric {
    name: "weir_cache_purges_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["cache", "kind"],
    help: "Purges. kind: uri, tag, prefix, pattern, all, or invalidation if an unsafe request caused it.",
};

/// Responses in a cache's store.
pub const CACHE_ENTRIES: Metric = Metric {
    name: "weir_cache_entries",
    kind: Kind::Gauge,
    unit: "count",
    labels: &["cache"],
    help: "Responses in the cache's store, variants of one counting once, as of the last that was stored.",
};

/// Bytes in a cache's store.
pub const CACHE_BYTES: Metric = Metric {
    name: "weir_cache_bytes",
    kind: Kind::Gauge,
    unit: "bytes",
    labels: &["cache"],
    help: "Memory that they take, with all that it costs to know of them.",
};

/// Bytes that a cache's store may take.
pub const CACHE_MAX_BYTES: Metric = Metric {
    name: "weir_cache_max_bytes",
    kind: Kind::Gauge,
    unit: "bytes",
    labels: &["cache"],
    help: "Memory that they may take.",
};

/// Responses that had to make room.
pub const CACHE_EVICTIONS: Metric = Metric {
    name: "weir_cache_evictions_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["cache"],
    help: "Responses that had to make room in the cache's store for others, or were not let in.",
};

/// Failures of a cache's store.
pub const CACHE_STORE_ERRORS: Metric = Metric {
    name: "weir_cache_store_errors_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["cache"],
    help: "Failures of the cache's store. The requests went on as if nothing were stored.",
};

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

/// How long requests took.
pub const HTTP_SERVER_REQUEST_DURATION: Metric = Metric {
    name: "http_server_request_duration_seconds",
    kind: Kind::Histogram,
    unit: "seconds",
    labels: &["http_route", "http_request_method", "http_response_status_code", "outcome"],
    help: "How long requests took, to the end of the response's body or until they were given up. outcome: ok, client_error, \
           server_error, cancelled_before_headers, cancelled_in_body, body_error, service_error or panic. \
           http_response_status_code: empty if no response was sent.",
};

/// Requests under way.
pub const HTTP_SERVER_ACTIVE_REQUESTS: Metric = Metric {
    name: "http_server_active_requests",
    kind: Kind::Gauge,
    unit: "count",
    labels: &["http_request_method"],
    help: "Requests under way, from their arrival to the end of the response's body.",
};

/// The sizes of request bodies.
pub const HTTP_SERVER_REQUEST_BODY_BYTES: Metric = Metric {
    name: "http_server_request_body_bytes",
    kind: Kind::Histogram,
    unit: "bytes",
    labels: &["http_route", "http_request_method"],
    help: "Sizes of request bodies, as announced or as read; of requests without a body nothing.",
};

/// The sizes of response bodies.
pub const HTTP_SERVER_RESPONSE_BODY_BYTES: Metric = Metric {
    name: "http_server_response_body_bytes",
    kind: Kind::Histogram,
    unit: "bytes",
    labels: &["http_route", "http_request_method"],
    help: "Sizes of response bodies, as far as they were sent.",
};

/// How long gRPC calls took.
pub const RPC_SERVER_CALL_DURATION: Metric = Metric {
    name: "rpc_server_call_duration_seconds",
    kind: Kind::Histogram,
    unit: "seconds",
    labels: &["rpc_method", "rpc_grpc_status_code"],
    help: "How long gRPC calls took, to the end of their responses or until they were given up. rpc_grpc_status_code: the \
           number of the code; 1 if the client gave up, 2 if the service ended without one.",
};

/// How long named operations took.
pub const OPERATION_DURATION: Metric = Metric {
    name: "weir_operation_duration_seconds",
    kind: Kind::Histogram,
    unit: "seconds",
    labels: &["operation", "outcome"],
    help: "How long named operations took inside of handlers. outcome: success, failure, or cancelled.",
};

/// All of them, in the order of this module.
pub const ALL: &[Metric] = &[
    RATE_LIMIT_DECISIONS,
    RATE_LIMIT_MULTIPLIER,
    RATE_LIMIT_WAIT,
    RATE_LIMIT_MISSING_KEYS,
    RATE_LIMIT_TABLE_SLOTS_USED,
    RATE_LIMIT_TABLE_SLOTS,
    RATE_LIMIT_TABLE_EVICTIONS,
    RATE_LIMIT_TABLE_LOST_DEBT,
    LOAD,
    CONCURRENCY_REQUESTS,
    CONCURRENCY_LIMIT,
    CONCURRENCY_IN_FLIGHT,
    CONCURRENCY_WAITING,
    CONCURRENCY_WAIT,
    CONCURRENCY_MISSING_KEYS,
    CIRCUIT_BREAKER_CALLS,
    CIRCUIT_BREAKER_STATE,
    CIRCUIT_BREAKER_TRANSITIONS,
    CIRCUIT_BREAKER_MISSING_KEYS,
    CACHE_REQUESTS,
    CACHE_STORED,
    CACHE_NOT_STORED,
    CACHE_REFRESHES,
    CACHE_PURGES,
    CACHE_ENTRIES,
    CACHE_BYTES,
    CACHE_MAX_BYTES,
    CACHE_EVICTIONS,
    CACHE_STORE_ERRORS,
    BATCH_ITEMS,
    BATCH_DUPLICATES,
    BATCH_FLUSHES,
    BATCH_FAILURES,
    BATCH_SIZE,
    BATCH_WEIGHT,
    BATCH_LINGER,
    BATCH_DURATION,
    BATCH_WAITING,
    BATCH_IN_FLIGHT,
    COALESCE_REQUESTS,
    COALESCE_IN_FLIGHT,
    HTTP_SERVER_REQUEST_DURATION,
    HTTP_SERVER_ACTIVE_REQUESTS,
    HTTP_SERVER_REQUEST_BODY_BYTES,
    HTTP_SERVER_RESPONSE_BODY_BYTES,
    RPC_SERVER_CALL_DURATION,
    OPERATION_DURATION,
];

/// Describes every metric to the recorder that is installed: its unit and its help text.
///
/// ```
/// // after installing a recorder
/// tower_weir::telemetry::names::describe();
/// ```
#[cfg(any(feature = "_layer", feature = "prometheus"))]
pub fn describe() {
    for metric in ALL {
        let unit = match metric.unit {
            "bytes" => Unit::Bytes,
            "seconds" => Unit::Seconds,
            _ => Unit::Count,
        };
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(metric.name, unit, metric.help),
            Kind::Gauge => metrics::describe_gauge!(metric.name, unit, metric.help),
            Kind::Histogram => metrics::describe_histogram!(metric.name, unit, metric.help),
        }
    }
}
