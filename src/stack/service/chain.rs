//! The layers of a route, one around the other.

use super::{inside::Inside, maybe::Maybe, rate_limited::RateLimited};
use crate::{
    cache::Cache, circuit_breaker::CircuitBreaker, coalesce::Coalesce,
    concurrency::ConcurrencyLimit, profile::Profiled,
};

type Broken<S> = Maybe<CircuitBreaker<S>, S>;
type Limited<S> = Maybe<ConcurrencyLimit<Broken<S>>, Broken<S>>;
/// What stands inside of the cache: a hit reaches none of it.
pub(super) type Inner<S> = Maybe<Coalesce<Limited<S>>, Limited<S>>;

type Cached<S> = Maybe<Cache<Inside<S>>, Inside<S>>;
type Bounded<S> = Maybe<RateLimited<Cached<S>>, Cached<S>>;
/// All of them.
pub(super) type Chain<S> = Maybe<Profiled<Bounded<S>>, Bounded<S>>;
