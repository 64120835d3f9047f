//! Rate limiting: so many requests in so much time, with bursts, over several windows at once, for each key and route.
//!
//! ```
//! use axum::{Router, routing::{get, post}};
//! use http::HeaderName;
//! use tower_weir::{key::*, rate_limit::*};
//!
//! const LOGIN: Quota = Quota::per_second(5).burst(10);
//! const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
//!
//! let app: Router = Router::new()
//!     .route("/login", post(sign_in).layer(RateLimitLayer::new(LOGIN).key(PeerIp)))
//!     .route("/search", get(find))
//!     .layer(
//!         RateLimitLayer::new(Quota::per_second(20))
//!             .and(Quota::per_minute(100))
//!             .key(Header(X_API_KEY))
//!             .named("api"),
//!     );
//! # async fn sign_in() {}
//! # async fn find() {}
//! ```
//!
//! A request is decided on in `call`, at once, and for a known key without a lock or an allocation. One that does not pass
//! never reaches the inner service: its client gets an answer that says which policy refused and when to come back
//! ([`reject`](crate::reject)). Every other answer tells the client how it stands ([`Headers`]).
//!
//! # Where state lives
//!
//! In the layer, not in the services that it makes. axum makes a service for every route and method; all of them, and those
//! of every clone of the layer, enforce one limit together. **Two routes that are given clones of one layer share its
//! limit.** For limits of their own give them layers of their own, or one layer with a table of routes:
//!
//! ```
//! use http::Method;
//! use tower_weir::{key::PeerIp, rate_limit::*, route::RouteTable};
//!
//! let layer = RateLimitLayer::new(Quota::per_second(50)) // for what the table does not name
//!     .key(PeerIp) // for every rule without a key of its own
//!     .routes(
//!         RouteTable::new()
//!             .method_route(Method::POST, "/login", Quota::per_minute(10))
//!             .route("/search", Rule::new(Quota::per_second(20)).and(Quota::per_minute(100)))
//!             .rpc("greet.v1.Greeter", "SayHello", Quota::per_second(5)),
//!     );
//! ```
//!
//! In axum give a layer that is meant for the routes of one Router to `route_layer`. With `layer` it also guards the Router's
//! fallback, and keeps doing so when the Router is merged into another: unknown paths then count too.
//!
//! # Costs
//!
//! A request costs 1, or what [`RateLimitLayer::cost`] says. One that costs more than a policy's burst can never pass; it is
//! rejected without `Retry-After`. The response may decide instead: only failed logins, so much for each kilobyte sent.
//! Until it does, the cost is reserved ([`Rule::charge_on`]).
//!
//! ```
//! use tower_weir::{key::PeerIp, rate_limit::*};
//!
//! let logins = RateLimitLayer::new(Quota::per_minute(5))
//!     .key(PeerIp)
//!     .charge_on(|served| u32::from(!served.is_success()));
//! ```
//!
//! # Who is limited, and by how much
//!
//! | what | set when built | while it runs, by [`Handle`] |
//! |---|---|---|
//! | another quota for single keys or requests | [`Rule::quota_for`] | [`PolicyHandle::set_override`] |
//! | another quota for all, keys keeping what they owe | | [`PolicyHandle::set_quota`] |
//! | a share of the quota | [`Rule::adaptive`] | [`PolicyHandle::set_multiplier`] |
//! | no limit | [`Rule::exempt`] | [`LimitHandle::allow`] |
//! | no passage | [`Rule::deny`] | [`LimitHandle::deny`] |
//! | a dry run | [`Rule::shadow`] | [`LimitHandle::set_shadow`] |
//!
//! # When the service suffers
//!
//! An [`Adaptive`] policy falls to a share of its rate while answers are bad or late, or the machine is loaded, and recovers
//! after. How it fares where a capacity halves or a crowd comes is simulated by `scripts/bench adaptive`.
//!
//! # Waiting
//!
//! [`RateLimitLayer::queue`] lets requests wait for their turn, for each key in its order, instead of rejecting them.
//!
//! # Many instances
//!
//! With the feature `redis` the limits of all processes that share a server are one: `RateLimitLayer::shared`.
//!
#![cfg_attr(feature = "redis", doc = "```")]
#![cfg_attr(not(feature = "redis"), doc = "```ignore")]
//! use tower_weir::{key::PeerIp, rate_limit::*, redis::{Redis, RedisStore}};
//!
//! let redis = Redis::open("redis://cache.internal:6379")?;
//! let layer = RateLimitLayer::new(Quota::per_second(20))
//!     .key(PeerIp)
//!     .named("api")
//!     .shared(RedisStore::new(&redis));
//! # Ok::<(), tower_weir::error::ConfigError>(())
//! ```
//!
//! # Restarts
//!
//! [`Handle::save`] and [`Handle::load`] keep what keys owe across a restart.
//!
//! # Other limiters
//!
//! With the feature `governor` a rule may ask a `governor::RateLimiter` that other code shares: `Rule::governor`.
//!
//! # The algorithm
//!
//! GCRA: the state of a key is one number, time flows evenly, there is no window whose edge lets two bursts through. See
//! [`Quota`] for what that means for a burst, and [`Table`] for where the numbers are kept.

mod active;
mod adaptive;
mod admission;
mod changes;
mod decision;
mod deferred;
mod exceptions;
mod follow_up;
mod future;
mod gcra;
mod governed;
#[cfg(feature = "governor")]
mod governor;
mod handle;
mod headers;
mod holds;
mod layer;
mod limit_fields;
mod limiter;
mod meters;
mod policy;
mod queue;
mod quota;
mod quota_text;
mod registry;
mod report;
mod rule;
mod served;
mod service;
#[cfg(feature = "redis")]
pub mod shared;
mod snapshot;
mod table;
#[cfg(feature = "config")]
mod take_over;
mod terms;

#[cfg(feature = "governor")]
pub use self::governor::Positive;
#[cfg(feature = "redis")]
pub use self::shared::{
    fallback::{Fallback, Share},
    future::SharedFuture,
    layer::SharedRateLimitLayer,
    leases::Leases,
    service::SharedRateLimit,
};
pub use self::{
    adaptive::{Adaptive, Aimd, Course, Window},
    follow_up::FollowUp,
    future::ResponseFuture,
    gcra::{Conformance, Gcra},
    handle::{Handle, LimitHandle, PolicyHandle},
    headers::{Headers, LegacyReset},
    layer::RateLimitLayer,
    limiter::{Denied, Limiter},
    policy::Policy,
    queue::{Queue, QueuedFuture, QueuedRateLimit, QueuedRateLimitLayer},
    quota::Quota,
    rule::Rule,
    served::Served,
    service::RateLimit,
    snapshot::{Restored, SnapshotError},
    table::{Table, TableStats},
};
