//! A cache with a tier behind it that several processes share, in this one: each has a store, a layer and clocks of its own.

mod age;
mod claims;
mod failures;
mod kinds;
mod lookups;
mod personal;
mod purges;
#[path = "../support/recorded.rs"]
mod recorded;
mod server;
#[cfg(feature = "compression")]
#[path = "../support/until.rs"]
mod until;
mod variants;
mod world;
