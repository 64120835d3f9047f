//! Each section of a file as the layer that it stands for.

mod cache;
mod circuit_breaker;
mod coalesce;
mod concurrency;
mod profile;
mod rate_limit;

pub(super) use self::{
    cache::cache,
    circuit_breaker::circuit_breaker,
    coalesce::{Apart, coalesce},
    concurrency::concurrency,
    profile::profile,
    rate_limit::rate_limit,
};
