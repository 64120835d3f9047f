//! What the cache does as a layer.

mod basics;
mod conformance;
mod parts;
mod parts_mixed;
#[path = "../support/recorded.rs"]
mod recorded;
mod service;
mod stores;
mod told;
#[path = "../support/warnings.rs"]
mod warnings;
