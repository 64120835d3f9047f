//! The layers in tonic, over a socket, as real gRPC clients see them.

mod batch;
mod cache;
mod calls;
mod circuit_breaker;
mod coalesce;
mod concurrency;
mod moods;
mod profile;
mod rate_limit;
mod rate_limit_outcomes;

#[path = "../support/client.rs"]
#[allow(dead_code)]
mod client;
#[path = "../support/counted.rs"]
mod counted;
#[path = "../../examples/support/greeter.rs"]
#[allow(dead_code)]
mod greeter;
#[path = "../support/until.rs"]
mod until;
