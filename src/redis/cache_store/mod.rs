//! Cached responses in Redis: the second tier of a cache's store.

mod framed;
mod names;
mod queue;
mod settings;
mod store;
mod tasks;
mod writer;

pub use self::store::RedisCache;
