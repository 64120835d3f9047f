//! The peers that do the same, put together: `axum-prometheus`, `tower_governor`, `axum-response-cache` and tower's limit.
//!
//! There is no circuit breaker among them. Each policy is a `GovernorLayer` of its own, for it has one.

use std::time::Duration;

use axum::{Router, body::Body};
use axum_prometheus::BaseMetricLayer;
use axum_response_cache::CacheLayer;
use cached::LruTtlCache;
use governor::{
    clock::QuantaInstant,
    middleware::{NoOpMiddleware, RateLimitingMiddleware},
};
use tower::{ServiceBuilder, limit::GlobalConcurrencyLimitLayer};
use tower_governor::{
    GovernorLayer,
    governor::GovernorConfigBuilder,
    key_extractor::{KeyExtractor, PeerIpKeyExtractor},
};

use crate::quotas::{BURST, CONCURRENCY, INTERVALS};

pub(crate) fn pass(router: Router) -> Router {
    let [minutely, hourly] = INTERVALS.map(|interval| governor(&mut policy(interval)));
    router.layer(
        ServiceBuilder::new()
            .layer(BaseMetricLayer::new())
            .layer(minutely)
            .layer(hourly)
            .layer(GlobalConcurrencyLimitLayer::new(CONCURRENCY)),
    )
}

/// With the fields that tell clients about the limit.
pub(crate) fn pass_with_fields(router: Router) -> Router {
    let [minutely, hourly] =
        INTERVALS.map(|interval| governor(&mut policy(interval).use_headers()));
    router.layer(
        ServiceBuilder::new()
            .layer(BaseMetricLayer::new())
            .layer(minutely)
            .layer(hourly)
            .layer(GlobalConcurrencyLimitLayer::new(CONCURRENCY)),
    )
}

/// The cache calls a service that it has not asked whether it is ready, at which tower's limit panics: so that stands in a layer
/// of the Router's own, which asks.
pub(crate) fn hit(router: Router) -> Router {
    let [minutely, hourly] = INTERVALS.map(|interval| governor(&mut policy(interval)));
    let store = LruTtlCache::with_size_and_ttl(10_000, Duration::from_secs(3_600));
    router.layer(GlobalConcurrencyLimitLayer::new(CONCURRENCY)).layer(
        ServiceBuilder::new()
            .layer(BaseMetricLayer::new())
            .layer(minutely)
            .layer(hourly)
            .layer(CacheLayer::with(store)),
    )
}

fn policy(
    interval: Duration,
) -> GovernorConfigBuilder<PeerIpKeyExtractor, NoOpMiddleware<QuantaInstant>> {
    let mut config = GovernorConfigBuilder::default();
    config.period(interval).burst_size(BURST);
    config
}

fn governor<K, M>(config: &mut GovernorConfigBuilder<K, M>) -> GovernorLayer<K, M, Body>
where
    K: KeyExtractor,
    M: RateLimitingMiddleware<QuantaInstant>,
{
    GovernorLayer::new(config.finish().expect("neither period nor burst is zero"))
}
