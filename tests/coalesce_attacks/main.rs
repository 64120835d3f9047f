//! Attacks on those who share calls, or a batch: each of these is tried, and fails.

mod denial;
mod keys;
mod kit;
mod staleness;
#[path = "../coalesce/world.rs"]
#[allow(dead_code)]
mod world;
