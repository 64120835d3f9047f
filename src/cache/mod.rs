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

#[cfg(weir_loom)]
pub use self::purges::PurgesModel;
pub use self::{
    entry::{Entry, Resource},
    fingerprint::Fingerprint,
    memory::MemoryStore,
    purges::Pattern,
    shared::Shared,
    store::{Store, StoreError, Usage},
    tags::Tags,
};
