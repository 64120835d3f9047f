//! What became of a request.

use http::StatusCode;
use serde::Serialize;

/// What became of a request, each of which comes to exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was answered, and the answer arrived as far as the service can tell.
    Ok,
    /// It was answered with an error that is the client's: a status of 4xx, or such a gRPC code.
    ClientError,
    /// It was answered with an error that is the server's: a status of 5xx, or such a gRPC code.
    ServerError,
    /// It was given up before the head of the answer was there: the client left, or a timeout struck.
    CancelledBeforeHeaders,
    /// It was given up while the body of the answer was being sent.
    CancelledInBody,
    /// The body of the answer failed.
    BodyError,
    /// The service failed without an answer.
    ServiceError,
    /// The service panicked.
    Panic,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Ok,
        Self::ClientError,
        Self::ServerError,
        Self::CancelledBeforeHeaders,
        Self::CancelledInBody,
        Self::BodyError,
        Self::ServiceError,
        Self::Panic,
    ];

    /// Its name in metrics and JSON, such as `client_error`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::ClientError => "client_error",
            Self::ServerError => "server_error",
            Self::CancelledBeforeHeaders => "cancelled_before_headers",
            Self::CancelledInBody => "cancelled_in_body",
            Self::BodyError => "body_error",
            Self::ServiceError => "service_error",
            Self::Panic => "panic",
        }
    }

    /// Whether the server is to blame: what an error rate counts.
    pub const fn is_server_fault(self) -> bool {
        matches!(self, Self::ServerError | Self::BodyError | Self::ServiceError | Self::Panic)
    }

    pub(super) fn of_status(status: StatusCode) -> Self {
        if status.is_server_error() {
            Self::ServerError
        } else if status.is_client_error() {
            Self::ClientError
        } else {
            Self::Ok
        }
    }

    /// Which codes are the server's fault: OpenTelemetry, semantic conventions for gRPC, "gRPC status".
    pub(super) fn of_grpc_code(code: i32) -> Self {
        match code {
            0 => Self::Ok,
            grpc::UNKNOWN
            | grpc::DEADLINE_EXCEEDED
            | grpc::UNIMPLEMENTED
            | grpc::INTERNAL
            | grpc::UNAVAILABLE
            | grpc::DATA_LOSS => Self::ServerError,
            1..=16 => Self::ClientError,
            // No code at all.
            _ => Self::ServerError,
        }
    }
}

/// The codes of gRPC that matter here.
pub(super) mod grpc {
    use http::StatusCode;

    pub(in crate::profile) const CANCELLED: i32 = 1;
    pub(in crate::profile) const UNKNOWN: i32 = 2;
    pub(in crate::profile) const DEADLINE_EXCEEDED: i32 = 4;
    pub(in crate::profile) const PERMISSION_DENIED: i32 = 7;
    pub(in crate::profile) const RESOURCE_EXHAUSTED: i32 = 8;
    pub(in crate::profile) const UNIMPLEMENTED: i32 = 12;
    pub(in crate::profile) const INTERNAL: i32 = 13;
    pub(in crate::profile) const UNAVAILABLE: i32 = 14;
    pub(in crate::profile) const DATA_LOSS: i32 = 15;
    pub(in crate::profile) const UNAUTHENTICATED: i32 = 16;

    /// What a client makes of a response that carries no code (gRPC, "HTTP to gRPC Status Code Mapping").
    pub(in crate::profile) fn code_of(status: StatusCode) -> i32 {
        match status.as_u16() {
            400 => INTERNAL,
            401 => UNAUTHENTICATED,
            403 => PERMISSION_DENIED,
            404 => UNIMPLEMENTED,
            429 | 502..=504 => UNAVAILABLE,
            _ => UNKNOWN,
        }
    }

    /// Whether a response with this code says that there is such a method. Others come as well from routers, and from guards
    /// in front of them that ask for no method.
    pub(in crate::profile) fn proves_method(code: i32) -> bool {
        !matches!(
            code,
            UNIMPLEMENTED | PERMISSION_DENIED | RESOURCE_EXHAUSTED | UNAVAILABLE | UNAUTHENTICATED
        )
    }
}
