//! Response caching.

mod entry;
mod fingerprint;
mod memo;
pub mod rules;
mod shared;
mod store;

pub use self::{
    entry::{Entry, Resource},
    fingerprint::Fingerprint,
    memo::{Memo, MemoStats, Memoized},
    shared::Shared,
    store::{Store, StoreError, Usage},
};
