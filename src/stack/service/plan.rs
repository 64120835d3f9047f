#[cfg(feature = "redis")]
use crate::rate_limit::SharedRateLimitLayer;
use crate::{
    cache::CacheLayer,
    circuit_breaker::CircuitBreakerLayer,
    coalesce::CoalesceLayer,
    concurrency::ConcurrencyLimitLayer,
    profile::ProfileLayer,
    rate_limit::{Handle, QueuedRateLimitLayer, RateLimitLayer},
};

/// The layers that a route has, ready for requests.
#[derive(Clone, Debug, Default)]
pub(in crate::stack) struct Plan {
    pub(in crate::stack) profile: Option<ProfileLayer>,
    pub(in crate::stack) rate_limit: Option<RateLimiting>,
    pub(in crate::stack) cache: Option<CacheLayer>,
    pub(in crate::stack) coalesce: Option<CoalesceLayer>,
    pub(in crate::stack) concurrency: Option<ConcurrencyLimitLayer>,
    pub(in crate::stack) circuit_breaker: Option<CircuitBreakerLayer>,
}

/// The kinds of a rate limit.
#[derive(Clone, Debug)]
pub(in crate::stack) enum RateLimiting {
    Plain(RateLimitLayer),
    Queued(QueuedRateLimitLayer),
    #[cfg(feature = "redis")]
    Shared(SharedRateLimitLayer),
}

impl RateLimiting {
    /// The limits, however requests wait for them or processes share them.
    pub(in crate::stack) fn limiting(&self) -> &RateLimitLayer {
        match self {
            Self::Plain(layer) => layer,
            Self::Queued(layer) => layer.limiting(),
            #[cfg(feature = "redis")]
            Self::Shared(layer) => layer.limiting(),
        }
    }

    pub(in crate::stack) fn handle(&self) -> Handle {
        self.limiting().handle()
    }
}
