//! Response caching.

mod body;
mod by_body;
#[cfg(feature = "compression")]
mod compression;
mod count;
mod entry;
mod fetch;
mod fetched;
mod fingerprint;
mod future;
mod handle;
mod interned;
mod keeper;
mod layer;
mod memo;
mod memory;
mod pass_marks;
mod phrases;
mod purges;
mod recording;
pub mod rules;
mod service;
mod shared;
mod store;
mod tags;
mod uris;
mod warm;
mod weight;

#[cfg(feature = "compression")]
pub use self::compression::Compression;
#[cfg(weir_loom)]
pub use self::purges::PurgesModel;
pub use self::{
    body::CacheBody,
    by_body::{BodyKeyed, BodyKeyedLayer, ReplayedBody},
    count::{RouteStats, Stats},
    entry::{Entry, Resource},
    fingerprint::{Fingerprint, FingerprintBuilder, Query},
    future::ResponseFuture,
    handle::Handle,
    layer::CacheLayer,
    memo::{Memo, MemoStats, Memoized},
    memory::MemoryStore,
    purges::Pattern,
    service::Cache,
    shared::Shared,
    store::{Store, StoreError, Usage},
    tags::Tags,
    warm::{Warm, WarmFailure, WarmProgress, WarmReport},
};
