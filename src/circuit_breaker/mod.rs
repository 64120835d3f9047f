//! Leaves a service alone while it fails.
//!
//! ```
//! use std::time::Duration;
//! use axum::{Router, routing::get};
//! use tower_weir::circuit_breaker::{Breaker, CircuitBreakerLayer};
//!
//! let breaker = Breaker::new().slow_calls(Duration::from_millis(500), 0.8)?;
//! let app: Router = Router::new()
//!     .route("/report", get(report).layer(CircuitBreakerLayer::new(breaker))) // asks a database that may hang
//!     .route("/health", get(async || "fine"));
//! # async fn report() {}
//! # Ok::<(), tower_weir::error::ConfigError>(())
//! ```
//!
//! A service that fails is not helped by more calls, and whoever calls it waits for nothing. So when too many calls fail, the
//! breaker opens: requests are answered at once, with when to come back. After a time it lets some through, as probes, and
//! closes when enough of these succeed.
//!
//! # Around clients
//!
//! The layer takes any service of HTTP requests, also one that sends them. There a rejected request was not sent, which
//! [`Rejected`](crate::reject::Rejected) tells apart from a 503 of the server.
//!
//! ```
//! use bytes::Bytes;
//! use http_body_util::Empty;
//! use hyper_util::{client::legacy::Client, rt::TokioExecutor};
//! use tower::ServiceBuilder;
//! use tower_weir::circuit_breaker::CircuitBreakerLayer;
//!
//! # async fn f() -> Result<(), Box<dyn std::error::Error>> {
//! let breaking = CircuitBreakerLayer::default();
//! let client = ServiceBuilder::new()
//!     .layer(breaking.clone().key(|head: &tower_weir::head::Head<'_>| head.uri.authority().cloned()))
//!     .service(Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>());
//!
//! let channel = tonic::transport::Channel::from_static("http://[::1]:50051").connect().await?;
//! let channel = ServiceBuilder::new().layer(breaking).service(channel); // GreeterClient::new(channel)
//! # Ok(())
//! # }
//! ```
//!
//! # What counts
//!
//! | what becomes of a call | counts as |
//! |---|---|
//! | an HTTP answer | what [`Verdict::of_status`](crate::verdict::Verdict::of_status) says of its status |
//! | a gRPC answer | what [`Verdict::of_grpc_code`](crate::verdict::Verdict::of_grpc_code) says of its code, from its head or its trailers; failure without one |
//! | an error of the inner service's future, a panic, a gRPC body that fails | failure |
//! | given up by the client | nothing, or slow if it had taken that long |
//! | ended after the breaker changed its state | nothing |
//!
//! Put a timeout inside of the breaker, then calls that run into it are failures. Outside of it they are calls that were given
//! up, and the breaker learns of them only by [`Breaker::slow_calls`]. Rate and concurrency limits go outside: their rejections
//! would be failures inside.
//!
//! # When it opens, and when it closes
//!
//! - **Closed**, all calls pass. When one of them fails or is slow, and the [window](Window) has enough calls, of which half
//!   failed (or 80 % were slow, if it is said what that is), it opens. A success never opens it.
//! - **Open**, calls are rejected, for 5 s at first. The time doubles with every opening, up to a minute, and is the first one
//!   again once the breaker has stayed closed for a minute ([`Breaker::open_for`]). It is drawn from a fifth less to a fifth
//!   more, so that many processes do not all return together. An answer's `Retry-After` makes it longer.
//! - **Half-open**, from the first call after that time, three calls at once are let through as probes, and all others rejected
//!   and told to come back in a second. It closes as soon as 4 of 5 probes have succeeded, and opens as soon as 2 have failed
//!   or one has had no answer for 10 s ([`Breaker::probes`], [`Breaker::probe_timeout`]). A probe that is given up gives its
//!   place to the next call.
//!
//! A call counts for the state that it began in. What is told of an older one is old news, and changes nothing.
//!
//! # Where state lives
//!
//! In the [`Breaker`], which the layer holds, not in the services that it makes: all of them, and those of every clone of the
//! layer, open and close together. For routes of their own give it a table ([`CircuitBreakerLayer::routes`]), for tenants or
//! hosts a key ([`CircuitBreakerLayer::key`]).
//!
//! | what | set when built | while it runs, by [`Handle`] |
//! |---|---|---|
//! | when it opens and closes | [`Breaker`] | |
//! | open, or closed, whatever comes | | [`BreakerHandle::force_open`], [`BreakerHandle::force_closed`] |
//! | closed, and as new | | [`BreakerHandle::reset`] |
//! | the same for a key | [`CircuitBreakerLayer::key`] | [`BreakerHandle::key`] |
//! | a dry run | [`CircuitBreakerLayer::shadow`] | [`Handle::set_shadow`] |
//!
//! While it is closed, a call reads an atomic, and one that succeeds counts itself in it; no lock is taken and nothing is
//! allocated. A call that fails takes a lock for some tens of nanoseconds: the window is judged as a whole. To find a key takes
//! a lock too, which one in 64 keys share.

mod admission;
mod breaker;
mod call;
mod change;
mod circuit;
mod circuits;
mod counts;
mod future;
mod handle;
mod layer;
#[cfg(feature = "redis")]
mod lone;
mod meters;
mod probes;
mod retry_after;
mod service;
mod settings;
mod state;
#[cfg(feature = "config")]
mod take_over;
mod watched;
mod window;

#[cfg(feature = "redis")]
pub(crate) use self::lone::{LoneCircuit, Pass};
pub use self::{
    breaker::Breaker,
    call::Call,
    change::{Cause, State, StateChange},
    counts::Counts,
    future::ResponseFuture,
    handle::{BreakerHandle, CircuitHandle, Handle},
    layer::CircuitBreakerLayer,
    service::CircuitBreaker,
    window::Window,
};
