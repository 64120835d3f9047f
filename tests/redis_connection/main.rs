//! The connection to Redis as its users see it.

mod settings;
mod through_a_layer;

#[path = "../support/redis.rs"]
#[allow(dead_code)]
mod server;
#[path = "../support/until.rs"]
#[allow(dead_code)]
mod until;
