//! Batches by their service: who gets what, when batches leave, and what becomes of failures and of those who leave.

mod basics;
mod bounds;
mod brittle;
mod desk;
mod failures;
mod fragile;
mod leaving;
mod liveness;
mod many;
mod metrics;
mod panics;
mod partitions;
mod property;
#[path = "../support/random.rs"]
mod random;
#[path = "../support/recorded.rs"]
mod recorded;
mod runtimes;
mod service;
mod shutdown;
mod stress;
mod support;
#[path = "../support/until.rs"]
mod until;
mod world;
