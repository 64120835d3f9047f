//! Who a request is counted for.
//!
//! A [`KeyExtractor`] reads a key from the head of a request. It comes ready for the usual ones, combines as tuples, and
//! any closure over the [`Head`](crate::head::Head) of a request is one:
//!
//! ```
//! use http::HeaderName;
//! use tower_weir::{head::Head, key::*, rate_limit::*};
//!
//! let quota = Quota::per_second(20);
//! let by_peer = RateLimitLayer::new(quota).key(PeerIp);
//! let by_api_key = RateLimitLayer::new(quota).key(Header(HeaderName::from_static("x-api-key")));
//! let by_peer_and_tenant =
//!     RateLimitLayer::new(quota).key((PeerIp, |head: &Head<'_>| head.uri.host().map(str::to_owned)));
//! ```
//!
//! | key | one for each | missing when |
//! |---|---|---|
//! | [`Global`] | service | never |
//! | [`PeerIp`] | address of the TCP peer (IPv6: its /64) | the server passes no peer address on |
//! | [`Forwarded`] | client address, as told by trusted proxies | as `PeerIp` |
//! | [`Header`] | value of a request header | the request lacks it |
//! | [`Extension<T>`](Extension) | value that a layer outside stored | no layer did |
//! | closure | value that it returns | never (`None` is a key too: all such requests share it) |
//! | tuple of two to four | combination | any part is |
//!
//! A key that takes a lookup or may fail (a session, a token) is computed by a layer of your own outside, which stores it
//! as a request extension; [`Extension`] reads it. Give each kind of key a type of its own, so that nothing else sets it.
//!
//! A store sees a key only as a [`Key`]: 64 bits of a keyed hash. The key itself is never stored, logged or exported.

mod extension;
mod extractor;
#[cfg(feature = "config")]
mod fed;
mod forwarded;
mod global;
mod hash;
mod header;
#[cfg(any(feature = "circuit-breaker", feature = "concurrency"))]
mod map;
mod missing;
mod network;
mod peer_ip;
#[cfg(feature = "redis")]
mod shared;
mod tuple;

#[cfg(feature = "config")]
pub(crate) use self::fed::FedKey;
#[cfg(feature = "_limit")]
pub(crate) use self::hash::HashedKey;
#[cfg(any(feature = "circuit-breaker", feature = "concurrency"))]
pub(crate) use self::map::{Evictable, KeyMap};
#[cfg(feature = "redis")]
pub use self::shared::SharedKey;
pub use self::{
    extension::Extension,
    extractor::{KeyExtractor, MissingKey},
    forwarded::Forwarded,
    global::Global,
    hash::{Key, KeySeed},
    header::{Header, HeaderText},
    missing::OnMissingKey,
    peer_ip::{IpPrefix, PeerIp, PeerPrefix},
};
