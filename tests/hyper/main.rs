//! The layers in hyper, over a socket.

mod batch;
mod cache;
mod circuit_breaker;
mod coalesce;
mod concurrency;
mod profile;
mod rate_limit;
mod served;

#[path = "../support/client.rs"]
#[allow(dead_code)]
mod client;
#[path = "../support/counted.rs"]
mod counted;
#[path = "../support/raw.rs"]
#[allow(dead_code)]
mod raw;
#[path = "../support/until.rs"]
mod until;
