//! How a layer says no: one value, rendered for HTTP or for gRPC as the request demands.
//!
//! A rejection is a *response*, never an error: `Error = S::Error` holds, so axum needs no `HandleErrorLayer` and a client
//! learns what happened and when to come back. A gRPC client would read a bare HTTP 429 as `UNAVAILABLE`; it gets a
//! trailers-only answer instead, with the code, the retry delay and the details that its library knows how to read.

mod grpc;
mod http;
mod rejection;

#[cfg(any(
    feature = "cache",
    feature = "circuit-breaker",
    feature = "coalesce",
    feature = "concurrency",
    feature = "profile",
    feature = "rate-limit"
))]
pub(crate) use self::grpc::grpc_code;
pub(crate) use self::grpc::is_grpc;
pub use self::rejection::{Reason, Rejected, Rejection};
#[cfg(any(feature = "_limit", feature = "batch"))]
pub(crate) use self::rejection::{Render, rendered_by};
