//! A tier of a store that several processes share, behind the one in memory.
//!
//! [`MemoryStore::over`](super::MemoryStore::over) puts one there. What is not in memory is looked for in it, once for all who
//! wait, before the service is asked:
//!
//! | the tier has | what becomes of the request | `Cache-Status` |
//! |---|---|---|
//! | a response that may be used | it is answered with that, which is stored in memory from then on | `hit; ttl=30; detail=second-tier` |
//! | one that is stale, with a validator | the service is asked to confirm that | `fwd=stale; fwd-status=304; stored` |
//! | one that was purged, or cannot be read; nothing; or it does not answer | as if there were no tier | `fwd=uri-miss; stored` |
//!
//! What the service answers is given to the tier whenever it is stored in memory, which no request waits for. Parts (206) stay
//! in memory. So does what a `HEAD` or `only-if-cached` asks for: these are answered from memory, and do not look further.
//!
//! # What is shared
//!
//! Processes share a cache if it has the same [name](super::CacheLayer::named) and tells requests apart in the same way: a
//! record holds all by which its request was told from others, and is used for no other. It also holds how long the response is
//! fresh by the rules of who has stored it. Who may be given it is up to the rules of who reads it.
//!
//! No clock is shared: a record says how old the response was when it was written, and the tier for how long it has had it
//! since.
//!
//! Whoever can write to the tier can make all processes answer with what it likes, as with any shared cache; whoever can read
//! it reads all responses.
//!
//! # Purges
//!
//! A purge holds in the process that makes it when it returns, and in each other as soon as that hears of it. Nobody who knows
//! of a purge gives a response that was asked for before it, from memory or from the tier: see [`Purging`]. A process that may
//! have missed purges reads nothing from the tier until it has caught up. One that cannot catch up, since the log is lost or
//! goes back no further, takes everything in memory for purged.
//!
//! Unsafe requests purge their target in all processes, even one for which this process has never stored anything. A client
//! that changes ever new resources thereby fills the log, which counts the older half of many purges as one of everything.

mod behind;
mod below;
mod codec;
mod log;
mod meters;
mod packed;
mod pass_on;
mod purging;
mod recall;
mod record;
mod tier;
mod wire;

pub(super) use self::{behind::Tier, below::Below, meters::Recalls};
pub use self::{
    purging::{Position, Purging, Unsent},
    record::{Encoded, Receipt, Record, TierKey},
    tier::{Claim, Claiming, Getting, Held, Landing, SecondTier, SecondTierError},
};
