//! Metrics of profiles.

use super::{Kind, Metric};

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
