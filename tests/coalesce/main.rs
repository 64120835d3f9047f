//! One call for concurrent requests that want the same: who shares, who leaves, what fails.

mod allocations;
#[path = "../support/allocator.rs"]
mod allocator;
mod bodies;
mod by_body;
mod failures;
mod leavers;
#[path = "../support/random.rs"]
mod random;
mod random_steps;
mod refusals;
mod sharing;
#[path = "../support/stepped/mod.rs"]
mod stepped;
mod threads;
mod told;
mod waits;
mod world;
mod writes;
