//! Attacks on those who share calls, or a batch: each of these is tried, and fails.

mod batches;
#[path = "../support/client.rs"]
#[allow(dead_code)]
mod client;
mod denial;
mod keys;
mod kit;
#[path = "../support/raw.rs"]
#[allow(dead_code)]
mod raw;
mod sockets;
mod staleness;
#[path = "../support/stepped/mod.rs"]
#[allow(dead_code, unused_imports, reason = "other tests use the rest")]
mod stepped;
#[path = "../support/until.rs"]
mod until;
#[path = "../coalesce/world.rs"]
#[allow(dead_code)]
mod world;
