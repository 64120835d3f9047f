//! Readers of the sections: from a table to settings that every layer can be built of.

mod adaptive;
mod cache;
mod checks;
mod circuit_breaker;
mod coalesce;
mod concurrency;
mod policies;
mod profile;
mod query;
mod rate_limit;
#[cfg(test)]
mod tests;
mod words;

#[cfg(test)]
pub(in crate::stack::file) use self::adaptive::adaptive;
pub(in crate::stack::file) use self::{
    cache::cache, circuit_breaker::circuit_breaker, coalesce::coalesce, concurrency::concurrency,
    profile::profile, rate_limit::rate_limit,
};
