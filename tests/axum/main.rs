//! The layers in axum, over a socket.

mod batch;
mod cache;
mod circuit_breaker;
mod coalesce;
mod concurrency;
mod rate_limit;
mod rate_limit_outcomes;

#[path = "../support/client.rs"]
#[allow(dead_code)]
mod client;
#[path = "../support/raw.rs"]
#[allow(dead_code)]
mod raw;
#[path = "../support/until.rs"]
mod until;
