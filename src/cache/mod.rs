//! Response caching.

mod entry;
mod fingerprint;
mod memory;
mod purges;
pub mod rules;
mod shared;
mod store;
mod tags;
mod weight;

pub use self::{
    entry::{Entry, Resource},
    fingerprint::Fingerprint,
    memory::MemoryStore,
    purges::Pattern,
    shared::Shared,
    store::{Store, StoreError, Usage},
    tags::Tags,
};
