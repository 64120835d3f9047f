//! Attacks on those who share calls, or a batch: each of these is tried, and fails.

mod denial;
mod keys;
mod kit;
mod staleness;
#[path = "../support/stepped/mod.rs"]
#[allow(dead_code, unused_imports, reason = "other tests use the rest")]
mod stepped;
#[path = "../coalesce/world.rs"]
#[allow(dead_code)]
mod world;
