//! Response caching.

mod body;
mod count;
mod entry;
mod fingerprint;
mod memory;
mod pass_marks;
mod phrases;
mod purges;
mod recording;
pub mod rules;
mod shared;
mod store;
mod tags;

pub use self::{
    body::CacheBody,
    count::{RouteStats, Stats},
    entry::{Entry, Resource},
    fingerprint::{Fingerprint, FingerprintBuilder, Query},
    memory::MemoryStore,
    purges::Pattern,
    shared::Shared,
    store::{Store, StoreError, Usage},
    tags::Tags,
};
