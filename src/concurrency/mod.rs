//! Concurrency limits: so many requests under way at once, and what becomes of the others.
//!
//! ```
//! use std::time::Duration;
//! use axum::{Router, routing::get};
//! use tower_weir::concurrency::*;
//!
//! let app: Router = Router::new()
//!     // As many as the service can work on, found out from how long its answers take.
//!     .route("/reports", get(report).layer(ConcurrencyLimitLayer::new(VerifiedGradient::default())))
//!     // Thirty-two, and others wait for up to a quarter of a second.
//!     .route("/search", get(find).layer(
//!         ConcurrencyLimitLayer::new(Fixed::new(32)).queue(Queue::new(Duration::from_millis(250))),
//!     ));
//! # async fn report() {}
//! # async fn find() {}
//! ```
//!
//! A service that is given more than it can do does less than it can: what waits in it is answered too late, and the work was
//! for nothing. A limit on the requests under way keeps it at what it can do; the others wait shortly before it, or are told at
//! once to come back later ([`Refusal`]), which costs next to nothing.
//!
//! # Which limit
//!
//! | limit | what it does | when |
//! |---|---|---|
//! | [`Fixed`] | stays | what is guarded has so many connections, threads or megabytes |
//! | [`VerifiedGradient`] | finds the limit at which the latency begins to rise, and checks that less load makes it fall | otherwise |
//! | [`Gradient2`], [`Vegas`], best in [`Windowed`] | as in Netflix's concurrency-limits | they are known and trusted in the house |
//! | [`Aimd`] | falls when answers are late or say that there is too much, rises by one | the latency that is too long is known |
//!
//! [`Limit`] is the trait for one of your own. `scripts/bench overload` shows how each fares in simulated services.
//!
//! # Under way
//!
//! From when it is let in until the body of its answer has been sent, or its client has left: [`HoldUntil::BodyEnd`]. Where the
//! work is done by the head of the answer, and slow readers would keep permits from others, [`HoldUntil::Headers`]. What an
//! adaptive limit learns from is the time to the head of the answer, without any wait before it, and never a request that was
//! given up. Which answers say that there is too much, [`Verdict`](crate::verdict::Verdict) tells.
//!
//! # Where state lives
//!
//! In a [`Limiter`], of which a layer has one, or one for each route, which may in turn have a limit for each key. Layers and
//! routes that are given clones of a limiter share it, and so may jobs in the background: a database has as many connections
//! as it has, whoever asks.
//!
//! ```
//! use tower_weir::{concurrency::*, key::PeerIp, route::RouteTable};
//!
//! let database = Limiter::new(Fixed::new(20)).named("database");
//! let layer = ConcurrencyLimitLayer::new(VerifiedGradient::default()).routes(
//!     RouteTable::new()
//!         .route("/orders/{id}", database.clone())
//!         .route("/invoices/{id}", database.clone())
//!         .route("/export", Limiter::new(Fixed::new(2)).key(PeerIp).reject_when_full()),
//! );
//! ```
//!
//! # Who waits, and who is first
//!
//! A [`Queue`] bounds how many wait and for how long; it may let keys take turns, so that one with many requests is served as
//! often as one with few. [`Priorities`] give classes of requests shares of their own. A request with a [`Deadline`], or
//! gRPC's `grpc-timeout`, does not wait past it.
//!
//! # While it runs
//!
//! [`ConcurrencyLimitLayer::handle`] finds the limiters by name: their limits, what is under way and what waits, other limits,
//! pause and [`drain`](Limiter::drain). [`ConcurrencyLimitLayer::shadow`] only counts what would be refused.
//!
//! # The order of layers
//!
//! Inside of rate limits and caches, whose answers cost nothing and would look like a fast service. Outside of
//! `tower_http`'s `TimeoutLayer`, which then bounds the time of the handler without that of the queue, and whose 504 tells an
//! adaptive limit that there is too much; and outside of [circuit breakers](crate::circuit_breaker). What layers inside turn
//! away themselves teaches a limit nothing.

mod acquire;
mod admission;
mod drain;
mod future;
mod gate;
mod handle;
mod held;
mod hold;
mod keyed;
mod layer;
mod limit;
mod limiter;
mod meters;
mod priorities;
mod queue;
mod refusal;
mod service;
mod shed;

pub use crate::deadline::Deadline;

pub use self::{
    acquire::Acquire,
    drain::Drain,
    future::ResponseFuture,
    gate::Permit,
    handle::Handle,
    held::Held,
    hold::HoldUntil,
    layer::ConcurrencyLimitLayer,
    limit::{Aimd, Bounds, Fixed, Gradient2, Limit, Sample, Vegas, VerifiedGradient, Windowed},
    limiter::Limiter,
    priorities::{Priorities, Priority},
    queue::Queue,
    refusal::Refusal,
    service::ConcurrencyLimit,
};
