//! Limits whose debts live in a store that several processes share: what
//! [`RateLimitLayer::shared`](super::RateLimitLayer::shared) is made of, and what a store of your own has to do.
//!
//! A process asks [`SharedStore`] about each request that it cannot decide on by itself. A store judges by its own clock and
//! charges all policies or none; if it has no answer, the [`Fallback`] says what becomes of the request, which is counted
//! (`weir_rate_limit_fallbacks_total`). That a store is away, or back for a second, is logged when it changes.

mod answer;
mod change;
pub(super) mod fallback;
pub(super) mod future;
pub(super) mod layer;
pub(super) mod leases;
mod local;
mod memory;
mod meters;
mod outcome;
pub(super) mod service;
mod settle;
mod sharing;
mod store;

pub use self::store::{
    Action, Ask, Asking, Outcome, SharedStore, SharedStoreError, Standing, Terms,
};
use self::{
    fallback::{Fallback, Share},
    future::SharedFuture,
    leases::Leases,
    service::SharedRateLimit,
};
pub(super) use self::{leases::LeaseMeters, local::Local, meters::Meters, settle::Settlement};
