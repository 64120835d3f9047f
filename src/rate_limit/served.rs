use std::{fmt, sync::Arc, time::Duration};

use http::{HeaderMap, StatusCode};

/// What became of a request that passed: what its charge may depend on.
///
/// ```
/// use tower_weir::rate_limit::{Quota, RateLimitLayer};
///
/// // Only failed logins count.
/// let logins = RateLimitLayer::new(Quota::per_minute(5))
///     .charge_on(|served| u32::from(served.status.is_client_error()));
/// // A request for each 64 KiB that were sent, and one for the request.
/// let downloads = RateLimitLayer::new(Quota::per_minute(1_000))
///     .charge_at_end(|served| 1 + u32::try_from(served.bytes >> 16).unwrap_or(u32::MAX - 1));
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Served<'a> {
    /// The status of the response. gRPC has 200 for nearly all.
    pub status: StatusCode,
    /// The code of a gRPC response, from its head or its trailers. `None` if it is none, or ended without.
    pub grpc_code: Option<i32>,
    /// The fields that the status came with: those of the head, or the trailers of a gRPC response. None at the end of a body
    /// without trailers.
    pub fields: &'a HeaderMap,
    /// How much of the body has been sent.
    pub bytes: u64,
    /// Whether the body has come to its end, so that nothing more will follow.
    pub complete: bool,
    /// The time from the decision to the response's head.
    pub latency: Duration,
}

pub(super) type ChargeFn = Arc<dyn Fn(&Served<'_>) -> u32 + Send + Sync>;

/// What a request is charged once it was served.
#[derive(Clone)]
pub(super) struct ChargeOn {
    pub(super) charge: ChargeFn,
    /// Whether it is asked when the body has ended, rather than when the status is known.
    pub(super) at_end: bool,
}

impl Served<'_> {
    /// Whether it was successful: a status below 400, and for gRPC the code `OK`.
    pub fn is_success(&self) -> bool {
        let status = self.status.as_u16() < 400;
        status && self.grpc_code.is_none_or(|code| code == 0)
    }

    /// Whether the service could not do its work: a status of 500 or more, or a gRPC code that says so (`UNAVAILABLE`,
    /// `RESOURCE_EXHAUSTED`, `DEADLINE_EXCEEDED`).
    pub fn is_overload(&self) -> bool {
        const CODES: [i32; 3] = [14, 8, 4];
        self.status.is_server_error() || self.grpc_code.is_some_and(|code| CODES.contains(&code))
    }
}

impl fmt::Debug for Served<'_> {
    /// Without the fields, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served")
            .field("status", &self.status)
            .field("grpc_code", &self.grpc_code)
            .field("bytes", &self.bytes)
            .field("complete", &self.complete)
            .field("latency", &self.latency)
            .finish_non_exhaustive()
    }
}
