//! Response caching.

mod entry;
mod fingerprint;
pub mod rules;
mod shared;
mod store;

pub use self::{
    entry::{Entry, Resource},
    fingerprint::{Fingerprint, FingerprintBuilder, Query},
    shared::Shared,
    store::{Store, StoreError, Usage},
};
