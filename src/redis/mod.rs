//! Limits and cached responses that several processes share, over Redis or Valkey.
//!
//! One process needs none of this: what it counts and stores is in its memory. Processes that serve the same clients share a
//! server, or a cluster, whose URL is all that is needed:
//!
//! ```
//! # #[cfg(all(feature = "cache", feature = "rate-limit"))] {
//! use tower_weir::{
//!     cache::{CacheLayer, MemoryStore},
//!     rate_limit::{Quota, RateLimitLayer},
//!     redis::{Redis, RedisCache, RedisStore},
//! };
//!
//! let redis = Redis::open("redis://cache.internal:6379/")?;
//! let limit = RateLimitLayer::new(Quota::per_second(100)).shared(RedisStore::new(&redis));
//! let store = MemoryStore::with_max_bytes(64 << 20).over(RedisCache::new(&redis));
//! let cache = CacheLayer::new(store).named("articles");
//! # }
//! # Ok::<(), tower_weir::error::ConfigError>(())
//! ```
//!
//! It takes Redis 6.2 or Valkey, or a later version. To connect is done in the background, and nothing fails if the server
//! comes later. Limits and large responses over one connection wait for each other: where responses are large, open a second
//! [`Redis`] for the cache.
//!
//! # Limits
//!
//! A [`RedisStore`] counts what keys have used. One script decides on all policies of a request, by the server's clock; see
//! [`RateLimitLayer::shared`](crate::rate_limit::RateLimitLayer::shared).
//!
//! # Cached responses
//!
//! A [`RedisCache`] is behind the store in memory. What is not in memory is looked up in Redis, and kept in memory from then
//! on; what is not there either is asked of the service, and written to Redis in the background. How old a response is, is
//! told by how long Redis still keeps it: processes need not agree on the time of day.
//!
//! **Purges** reach every process, and what it has in its memory, within milliseconds. Each gets a number in a log that lives
//! in Redis, and is published. A process that misses one knows it by the next number, or within about a second by comparing
//! its own with the log's, and reads what it has missed. As long as it cannot know what was purged, it reads nothing from
//! Redis. If the log is lost, as by `FLUSHALL`, or is another than before, all that is in memory is purged.
//!
//! # While Redis is down
//!
//! No client sees an error of it. Calls have a hard timeout, and after a few of them have failed Redis is left alone until a
//! task in the background finds that it answers again.
//!
//! - Limits fall back to what [`Fallback`](crate::rate_limit::Fallback) says.
//! - The cache goes on with what is in memory, and asks the service for the rest. Responses are not written.
//! - Purges hold in the process that made them, and reach the others when Redis is back. Until then others may answer from
//!   their memory what was purged elsewhere, no longer than it is fresh.
//!
//! # What is in Redis
//!
//! Everything begins with `weir`, or another [prefix](Redis::prefixed).
//!
//! | Key | Type | What |
//! |---|---|---|
//! | `{weir:rl:<hash>}:<policy>` | string | what a key of a limit owes, kept until it owes nothing |
//! | `weir:c:<hash>` | string | a response, kept as long as it is of use |
//! | `weir:f:<hash>` | string | the lock of a call that others wait for, if [flights](RedisCache::flights) are on |
//! | `{weir:processes}` | sorted set | the processes that share limits, by when each was last here; gone 5 s after the last |
//! | `{weir:purges}:log` | sorted set | the last 65,536 purges, by number |
//! | `{weir:purges}:about` | hash | the log's id, its last number, and the last of which nothing is known |
//!
//! The channels are `weir:purges` and `weir:landed`. Nothing is kept for good but the log, and that may go too: a server with
//! `maxmemory-policy` `allkeys-lru` is fine for the cache. For limits, what is evicted is forgotten.
//!
//! # Security
//!
//! Responses are there **in clear**, with their headers and the URI and fields of the request that chose them, and whoever
//! may write there decides what clients are answered. A record that was altered by accident is noticed, and asked for anew;
//! one that was altered on purpose is not. So the server must be as well guarded as the services themselves. Keys are SHA-256
//! hashes of what they stand for; whoever reads them can try out which of few values, such as IPv4 addresses, it was. Purges
//! by URI or tag are hashes as well; those by prefix or pattern are text.
//!
//! Each unsafe request that succeeds purges what it was sent to in all processes, also if nothing is stored for it: only the
//! others could know that. With more than 65,536 URIs the older half of these purges counts as one of everything. So where anybody
//! may send unsafe requests to any number of URIs and have success, as with ever new queries, put a limit on them before the
//! cache, or have the fingerprint ignore that part of the URI.
//!
//! A user needs no more than this, and in a cluster also `+cluster|slots`:
//!
//! ```text
//! ACL SETUSER weir on >password ~weir:* ~{weir:* &weir:*
//!     +ping +eval +evalsha +get +set +del +pttl +append +time +exists +hget +hmget +hset +zadd +zcard +zrange
//!     +zrangebyscore +zremrangebyrank +zremrangebyscore +pexpire +publish +subscribe
//! ```
//!
//! Over `rediss://` (feature `redis-tls`) the way there is encrypted, and the server's certificate verified. Passwords are in
//! no log line, error or metric.

#[cfg(feature = "cache")]
mod cache_store;
#[cfg_attr(not(all(feature = "cache", feature = "rate-limit")), allow(dead_code, unused_imports))]
mod connection;
#[cfg(feature = "cache")]
mod flights;
#[cfg(feature = "cache")]
mod invalidation;
#[cfg(feature = "rate-limit")]
mod quota_store;
mod random;
#[cfg(test)]
#[path = "../../tests/support/redis.rs"]
#[allow(dead_code)]
mod server;

#[cfg(feature = "cache")]
pub use self::cache_store::RedisCache;
pub use self::connection::{Redis, Status};
#[cfg(feature = "rate-limit")]
pub use self::quota_store::RedisStore;
