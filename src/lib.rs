//! Tower layers that regulate and measure the requests of any axum, hyper or tonic service.
//!
//! ```
//! use axum::{Router, routing::{get, post}};
//! use http::HeaderName;
//! use tower_weir::{key::*, profile::*, rate_limit::*};
//!
//! const LOGIN: Quota = Quota::per_second(5).burst(10); // a zero would not compile
//! const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
//!
//! let app: Router = Router::new()
//!     .route("/login", post(sign_in).layer(RateLimitLayer::new(LOGIN).key(PeerIp)))
//!     .route(
//!         "/search",
//!         get(find).layer(
//!             RateLimitLayer::new(Quota::per_second(20)).and(Quota::per_minute(100)).key(Header(X_API_KEY)),
//!         ),
//!     )
//!     .layer(ProfileLayer::new(Profile::global()));
//! # async fn sign_in() {}
//! # async fn find() {}
//! ```
//!
//! The same layers go unchanged into `tonic::transport::Server::builder().layer(…)` and, for hyper, into
//! `TowerToHyperService::new(ServiceBuilder::new().layer(…).service_fn(handler))`; see the folder `examples`.
//!
//! # The layers
//!
//! | layer | what it does | feature |
//! |---|---|---|
//! | [`RateLimitLayer`](rate_limit::RateLimitLayer) | so many requests in so much time, with bursts, over several windows at once, for each key and route | `rate-limit` |
//! | [`ConcurrencyLimitLayer`](concurrency::ConcurrencyLimitLayer) | so many requests under way at once: a fixed number, or what the service turns out to bear; others wait in line, by class and key | `concurrency` |
//! | [`CircuitBreakerLayer`](circuit_breaker::CircuitBreakerLayer) | no requests while most of them fail or take too long; around services and clients | `circuit-breaker` |
//! | [`CacheLayer`](cache::CacheLayer) | answers given again, as RFC 9111 allows; one call for many who want the same; purges by URI, tag and pattern | `cache` |
//! | [`CoalesceLayer`](coalesce::CoalesceLayer) | one call, and one answer, for requests that are the same and come at the same time | `coalesce` |
//! | [`BatchLayer`](batch::BatchLayer), [`Batcher`](batch::Batcher) | one call for many items, and an answer for each; in front of services and inside of handlers | `batch` |
//! | [`ProfileLayer`](profile::ProfileLayer) | how long requests take and what becomes of them, by route and method: as metrics, as a table, as JSON | `profile` |
//! | [`WeirLayer`](stack::WeirLayer) | all of these but batches, in their order, as a file says that is reloaded while it runs | `config` |
//!
//! What they share: who a request is counted for ([`key`]), which route it belongs to ([`route`]), how it is turned away
//! ([`reject`]), how loaded the machine is ([`load`]), what time it is ([`clock`]) and what is told about it
//! ([`telemetry`]).
//!
//! # What every layer keeps to
//!
//! - Its error is the inner service's. A request that is turned away gets a response, so axum needs no `HandleErrorLayer`; a
//!   gRPC client gets trailers that its library understands.
//! - Its state belongs to the layer: frameworks make a service for each route or request, and all share it. So do clones of
//!   the layer.
//! - It decides in `call` and forwards readiness, adds no box, lock or allocation to the common request that passes, and
//!   asks of the inner service no more than it needs.
//! - What it holds for a request ends with the body of the response, or when the client leaves.
//! - A bad configuration fails while it is built, with a [`ConfigError`](error::ConfigError) that names the value and what
//!   is allowed. Nothing panics for a request.
//!
//! # The order of layers
//!
//! A request goes from the outside to the inside. With `Router::layer` and tonic's `layer` the layer added last is the
//! outermost; in a `ServiceBuilder` or a tuple of layers it is the first. From the outside:
//!
//! 1. **Panic catching, tracing, request ids**: they must see everything, rejections too.
//! 2. **Profiling**: counts what all others answer; the ids from outside name its slow requests, and it sees a panic before
//!    it is caught.
//! 3. **CORS**: answers preflights itself, and adds its headers to rejections, which a browser could not read otherwise.
//! 4. **Authentication**, if a limit counts by what it finds: it stores an extension, [`key::Extension`] reads it. A limit by
//!    address stands before it, so that guessing passwords is limited too.
//! 5. **Rate limits**: the cheapest way to say no, before anything is spent on a request.
//! 6. **Body limits, compression**: what they turn away is nothing that the service has to bear.
//! 7. **Caches**: outside of what limits and times the work, since a hit is no work, and a call for many may run longer than
//!    its client waits; inside of compression, which is for one client, and of authentication, since a hit reaches nothing
//!    inside. **Coalescing** stands where a cache would, or inside of one for what that passes by.
//! 8. **Concurrency limits**: as near to the work as can be. What is answered without work, outside of them, would look like a
//!    fast service. For one for all routes and others for some, put the one for all outside.
//! 9. **Circuit breakers**: inside of concurrency limits, so that what they turn away takes no place for long.
//! 10. **Timeouts** of the handler, such as `tower_http`'s `TimeoutLayer` with the status 504: their answers tell the limit
//!     that there is too much, and the breaker that the service fails. From outside, both would see a client that gave up,
//!     which says nothing. Then the handler, or [batches](batch) of requests.
//!
//! In axum, a layer inside the Router (`Router::layer`, `route_layer`, `MethodRouter::layer`) knows the pattern that
//! matched; one around it sees only the path.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `rate-limit` | yes | [`rate_limit`], [`load`] |
//! | `concurrency` | yes | [`concurrency`], [`verdict`], [`deadline`] |
//! | `circuit-breaker` | yes | [`circuit_breaker`], [`verdict`] |
//! | `cache` | yes | [`cache`] |
//! | `coalesce` | yes | [`coalesce`] |
//! | `batch` | yes | [`batch`], [`deadline`] |
//! | `profile` | yes | [`profile`] |
//! | `config` | yes | [`stack`]: all of these but batches, from one file that is reloaded while it runs |
//! | `compression` | no | stored responses compressed, in [`cache`] |
//! | `system-load` | no | the signals `Cpu` and `Memory` in [`load`] |
//! | `axum` | no | axum's `MatchedPath` in [`route`] and `ConnectInfo` in [`key::PeerIp`] |
//! | `governor` | no | a `governor::RateLimiter` as the limiter behind the layer |
//! | `prometheus` | no | `telemetry::prometheus`: a Prometheus recorder to install, and its endpoint |
//! | `redis` | no | `redis`: limits and cached responses that several processes share, over Redis or Valkey |
//! | `redis-tls` | no | the same over TLS |
//! | `tonic` | no | tonic's `TcpConnectInfo` in [`key::PeerIp`] |
//! | `full` | no | all of them |
//!
//! A feature only ever adds.

#[cfg(feature = "batch")]
pub mod batch;
pub mod body;
#[cfg(feature = "cache")]
pub mod cache;
#[cfg(feature = "circuit-breaker")]
pub mod circuit_breaker;
pub mod clock;
#[cfg(feature = "coalesce")]
pub mod coalesce;
#[cfg(feature = "concurrency")]
pub mod concurrency;
#[cfg(feature = "_share")]
#[cfg_attr(not(all(feature = "cache", feature = "coalesce")), allow(dead_code, unused_imports))]
mod content;
#[cfg(any(feature = "batch", feature = "concurrency"))]
pub mod deadline;
pub mod error;
#[cfg(feature = "_share")]
#[cfg_attr(not(all(feature = "cache", feature = "coalesce")), allow(dead_code, unused_imports))]
mod fingerprint;
#[cfg(feature = "_share")]
#[cfg_attr(not(all(feature = "cache", feature = "coalesce")), allow(dead_code, unused_imports))]
mod flight;
pub mod head;
pub mod key;
#[cfg(any(feature = "batch", feature = "concurrency"))]
mod list;
#[cfg(feature = "rate-limit")]
pub mod load;
#[cfg(feature = "_share")]
#[cfg_attr(not(all(feature = "cache", feature = "coalesce")), allow(dead_code, unused_imports))]
mod pass_marks;
#[cfg(feature = "profile")]
pub mod profile;
#[cfg(feature = "rate-limit")]
pub mod rate_limit;
#[cfg(any(feature = "_share", feature = "concurrency", feature = "rate-limit"))]
mod readied;
#[cfg(feature = "_share")]
#[cfg_attr(not(all(feature = "cache", feature = "coalesce")), allow(dead_code, unused_imports))]
mod recording;
#[cfg(feature = "redis")]
pub mod redis;
pub mod reject;
pub mod route;
#[cfg(feature = "config")]
pub mod stack;
#[cfg(feature = "_layer")]
mod sync;
pub mod telemetry;
#[cfg(any(feature = "circuit-breaker", feature = "concurrency"))]
pub mod verdict;

#[cfg(feature = "config")]
pub use stack::Weir;

/// The README's code compiles.
#[cfg(all(
    doctest,
    feature = "axum",
    feature = "config",
    feature = "prometheus",
    feature = "redis",
    feature = "tonic"
))]
#[doc = include_str!("../README.md")]
struct Readme;
