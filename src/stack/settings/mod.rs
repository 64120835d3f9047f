//! What a file says, as values: checked, complete, and with nothing left of how it was written.

mod cache;
mod circuit_breaker;
mod coalesce;
mod concurrency;
mod key;
mod profile;
mod rate_limit;
#[cfg(feature = "redis")]
mod redis;
mod route;
mod scope;
mod stores;
mod whole;

#[cfg(feature = "redis")]
pub(super) use self::redis::Redis;
pub(super) use self::{
    cache::{Authorization, Cache, ClientDirectives, Cookies, Query},
    circuit_breaker::{CircuitBreaker, Slow, Window},
    coalesce::Coalesce,
    concurrency::{Concurrency, Hold, Limit},
    key::{Key, MissingKey},
    profile::Profile,
    rate_limit::{Adaptive, Charge, Fields, Outage, RateLimit},
    route::Route,
    scope::{Scope, Section},
    stores::{ProxyField, Stores, TrustedProxies},
    whole::Settings,
};
