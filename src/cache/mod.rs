//! Answers given again: a shared HTTP cache, in front of any axum, hyper or tonic service.
//!
//! ```
//! use std::time::Duration;
//! use axum::{Router, extract::Path, routing::get};
//! use http::{Uri, header::ACCEPT_LANGUAGE};
//! use tower_weir::cache::{CacheLayer, Fingerprint, MemoryStore, Query, rules::Grace};
//!
//! let cache = CacheLayer::new(MemoryStore::with_max_bytes(64 << 20))
//!     .default_ttl(Duration::from_secs(30)) // for handlers that say nothing
//!     .grace(Grace::both(Duration::from_secs(300))) // then stale while a fresh one is fetched, or if none can be had
//!     .fingerprint(Fingerprint::builder().header(ACCEPT_LANGUAGE).query(Query::without(["utm_source"])));
//! let purges = cache.handle();
//!
//! let app: Router = Router::new().route("/articles/{id}", get(article)).layer(cache);
//!
//! // where an article changes
//! purges.purge(&Uri::from_static("/articles/7"));
//! # async fn article(Path(id): Path<u32>) -> String { format!("{id}") }
//! ```
//!
//! # What it does with a request
//!
//! | there is | answer | `Cache-Status` |
//! |---|---|---|
//! | a fresh response, or one that the client says it has | that, a 304, a part of it, or only its head | `hit; ttl=30` |
//! | a stale one that may be given meanwhile | that; one call refreshes it in the background | `hit; ttl=-5` |
//! | a stale one with a validator | that if the service confirms it by 304, or the new one | `fwd=stale; fwd-status=304; stored` |
//! | a stale one, and the service fails | that, where the response or [`Grace`](rules::Grace) allows it | `fwd=stale; detail=stale-if-error` |
//! | a call for the same under way | its answer, as it streams | `fwd=uri-miss; collapsed` |
//! | none of that | the service's, which streams on while it is stored | `fwd=uri-miss; stored` |
//! | a reason not to ask the cache | the service's | `fwd=bypass; detail=unkeyed-header` |
//!
//! Parts (206) are stored too. They answer who asks for what lies within them, and never stand for the whole; those of one
//! version, by its strong `ETag`, are put together, and are the whole once nothing is missing. Otherwise a request goes on as
//! it is, with `fwd=partial`: a request for the whole is never turned into one for the rest, since a service that answers that
//! badly would leave nothing to give.
//!
//! What may be stored, for how long, for whom and what makes it invalid are the [`rules`]: RFC 9111 for a *shared* cache, with
//! RFC 9110, 5861, 8246, 9211 and 9213. What cannot be parsed never makes an answer more public or fresher.
//!
//! # What is safe by default
//!
//! - Responses that set cookies are not stored; nor are those to requests with `Authorization`, unless they say that they may
//!   be shared. Where only the operator says how long a response is fresh, cookies in the request count as well.
//! - Requests are told apart by method, host, path and query, byte by byte. Fields that services build responses from and
//!   caches overlook, such as `X-Forwarded-Host`, make a request pass the cache by: see [`FingerprintBuilder`].
//! - Clients cannot make a request pass the cache by `Cache-Control: no-cache`: see
//!   [`RequestDirectives`](rules::RequestDirectives).
//! - A body that breaks off, is not as long as it said, or is larger than [`max_object_bytes`](CacheLayer::max_object_bytes)
//!   goes on to the client as it is and is not stored.
//!
//! Who wants it otherwise asks for it by a name that says what it means.
//!
//! # Many who want the same
//!
//! However many ask for what is not stored, one call is made. It goes on in the background if its client leaves; if it panics
//! or fails, one of those who wait makes another, and if that fails too the others are answered 502. A 5xx is given to all who
//! waited for it and not stored. What turns out not to be for all goes to the service side by side for a while
//! ([`pass_for`](CacheLayer::pass_for)). A call may run longer than its client waits, so a [concurrency
//! limit](crate#the-order-of-layers) stands inside of the cache, and hits never reach it.
//!
//! Bodies are read by all who want them while they come, at the pace of each; they are kept until they are stored. That takes a
//! tokio runtime; without one nothing is stored.
//!
//! # Purging
//!
//! [`Handle`] purges by URI, tag, prefix and pattern, in a time that does not depend on how much is stored. Tags come from
//! `Surrogate-Key` and `Cache-Tag`, or from the handler as [`Tags`]. A successful unsafe request (POST, PUT, DELETE …) purges
//! its target, if it comes through the same cache.
//!
//! # Besides
//!
//! - Queries by POST, GraphQL, gRPC: [`CacheLayer::keyed_by_body`].
//! - Any value by any key, without HTTP: [`Memo`].
//! - Storage that is compressed (feature `compression`): `CacheLayer::compress`.
//! - A second tier that several processes share (feature `redis`): `MemoryStore::over`.
//! - Several caches in one store: [`CacheLayer::named`]. Other stores: [`Store`].

mod body;
mod by_body;
#[cfg(feature = "compression")]
mod compression;
mod count;
mod entry;
mod fetch;
mod fetched;
mod future;
mod handle;
mod interned;
mod keeper;
mod layer;
mod memo;
mod memory;
mod phrases;
mod purges;
pub mod rules;
#[cfg(feature = "redis")]
pub mod second_tier;
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
    count::{RouteStats, Stats},
    entry::{Entry, Resource},
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
pub use crate::{
    content::{BodyKeyed, BodyKeyedLayer, ReplayedBody},
    fingerprint::{Fingerprint, FingerprintBuilder, Query},
};
