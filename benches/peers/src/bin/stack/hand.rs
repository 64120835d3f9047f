//! Our layers, put together in a program.

use std::time::Duration;

use axum::Router;
use tower::ServiceBuilder;
use tower_weir::{
    cache::{CacheLayer, MemoryStore},
    circuit_breaker::{Breaker, CircuitBreakerLayer},
    concurrency::{ConcurrencyLimitLayer, Fixed, Limiter, VerifiedGradient},
    key::PeerIp,
    profile::{Profile, ProfileLayer},
    rate_limit::{Headers, Quota, RateLimitLayer},
};

use crate::quotas::{BURST, CONCURRENCY};

/// As the file has them for what is not cached.
pub(crate) fn pass(router: Router, headers: Headers) -> Router {
    limited(router, headers, Fixed::new(CONCURRENCY))
}

/// The same with a limit that learns.
pub(crate) fn adaptive(router: Router) -> Router {
    limited(router, Headers::None, VerifiedGradient::default())
}

/// As the file has them for what is cached.
pub(crate) fn hit(router: Router) -> Router {
    let store = MemoryStore::with_max_bytes(64 << 20);
    router.layer(
        ServiceBuilder::new()
            .layer(ProfileLayer::new(Profile::new()))
            .layer(rate_limit(Headers::None))
            .layer(CacheLayer::new(store).default_ttl(Duration::from_secs(3_600)))
            .layer(ConcurrencyLimitLayer::new(Fixed::new(CONCURRENCY)))
            .layer(CircuitBreakerLayer::new(Breaker::new())),
    )
}

fn limited(router: Router, headers: Headers, limit: impl Into<Limiter>) -> Router {
    router.layer(
        ServiceBuilder::new()
            .layer(ProfileLayer::new(Profile::new()))
            .layer(rate_limit(headers))
            .layer(ConcurrencyLimitLayer::new(limit))
            .layer(CircuitBreakerLayer::new(Breaker::new())),
    )
}

fn rate_limit(headers: Headers) -> RateLimitLayer {
    RateLimitLayer::new(Quota::per_minute(6).burst(BURST))
        .and(Quota::per_hour(720).burst(BURST))
        .key(PeerIp)
        .headers(headers)
}
