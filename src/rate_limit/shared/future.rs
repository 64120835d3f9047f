use crate::rate_limit::deferred::DeferredFuture;

/// The future of [`SharedRateLimit`](crate::rate_limit::SharedRateLimit).
///
/// # Cancel safety
///
/// Dropping it while the store is asked leaves the request charged or not, as the store had it; the request has not reached the
/// inner service. After that it is as with [`ResponseFuture`](crate::rate_limit::ResponseFuture).
pub type SharedFuture<S, F, R> = DeferredFuture<S, F, R>;
