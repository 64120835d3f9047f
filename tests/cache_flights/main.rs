//! One call for many who wait: whoever leaves, fails or panics, and whenever they do, all others get their answer.

mod bodies;
mod crowd;
mod failures;
mod leavers;
mod purges;
mod refresh;
#[path = "../support/stepped/mod.rs"]
#[allow(dead_code, unused_imports, reason = "others ask for more")]
mod stepped;
mod stress;
mod world;
