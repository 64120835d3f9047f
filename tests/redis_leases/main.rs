//! Leases of shared limits: over a store in memory with time that stands still, and over a real server.

#[path = "../support/recorded.rs"]
mod recorded;
#[path = "../support/redis.rs"]
#[allow(dead_code)]
mod server;
#[path = "../support/shared_store.rs"]
#[allow(dead_code)]
mod store;

mod hot_keys;
mod over_redis;
mod returns;
mod terms;
mod troubles;
mod world;
