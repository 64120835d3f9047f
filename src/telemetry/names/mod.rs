//! Every metric's name, kind, unit, labels and help text, in one place.

mod all;
mod batch;
mod cache;
mod circuit_breaker;
mod coalesce;
mod concurrency;
#[cfg(any(feature = "_layer", feature = "prometheus"))]
mod describe;
mod metric;
mod profile;
mod rate_limit;
mod redis;
mod stack;

#[cfg(any(feature = "_layer", feature = "prometheus"))]
pub use self::describe::describe;
pub use self::{
    all::ALL,
    batch::{
        BATCH_DUPLICATES, BATCH_DURATION, BATCH_FAILURES, BATCH_FLUSHES, BATCH_IN_FLIGHT,
        BATCH_ITEMS, BATCH_LINGER, BATCH_SIZE, BATCH_WAITING, BATCH_WEIGHT,
    },
    cache::{
        CACHE_BYTES, CACHE_ENTRIES, CACHE_EVICTIONS, CACHE_MAX_BYTES, CACHE_NOT_STORED,
        CACHE_PURGES, CACHE_REFRESHES, CACHE_REQUESTS, CACHE_SECOND_TIER, CACHE_SECOND_TIER_WRITES,
        CACHE_STORE_ERRORS, CACHE_STORED,
    },
    circuit_breaker::{
        CIRCUIT_BREAKER_CALLS, CIRCUIT_BREAKER_MISSING_KEYS, CIRCUIT_BREAKER_STATE,
        CIRCUIT_BREAKER_TRANSITIONS,
    },
    coalesce::{COALESCE_IN_FLIGHT, COALESCE_REQUESTS},
    concurrency::{
        CONCURRENCY_IN_FLIGHT, CONCURRENCY_LIMIT, CONCURRENCY_MISSING_KEYS, CONCURRENCY_REQUESTS,
        CONCURRENCY_WAIT, CONCURRENCY_WAITING,
    },
    metric::{Kind, Metric},
    profile::{
        HTTP_SERVER_ACTIVE_REQUESTS, HTTP_SERVER_REQUEST_BODY_BYTES, HTTP_SERVER_REQUEST_DURATION,
        HTTP_SERVER_RESPONSE_BODY_BYTES, OPERATION_DURATION, RPC_SERVER_CALL_DURATION,
    },
    rate_limit::{
        LOAD, RATE_LIMIT_DECISIONS, RATE_LIMIT_FALLBACKS, RATE_LIMIT_LEASED,
        RATE_LIMIT_MISSING_KEYS, RATE_LIMIT_MULTIPLIER, RATE_LIMIT_TABLE_EVICTIONS,
        RATE_LIMIT_TABLE_LOST_DEBT, RATE_LIMIT_TABLE_SLOTS, RATE_LIMIT_TABLE_SLOTS_USED,
        RATE_LIMIT_WAIT,
    },
    redis::{REDIS_CALL_DURATION, REDIS_CALLS, REDIS_PURGES, REDIS_UP},
    stack::{CONFIG_GENERATION, CONFIG_HEALTHY, CONFIG_RELOADS},
};
