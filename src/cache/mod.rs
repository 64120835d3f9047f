//! Response caching.

mod body;
mod entry;
mod fingerprint;
mod recording;
pub mod rules;
mod shared;
mod store;

pub use self::{
    body::CacheBody,
    entry::{Entry, Resource},
    fingerprint::{Fingerprint, FingerprintBuilder, Query},
    shared::Shared,
    store::{Store, StoreError, Usage},
};
