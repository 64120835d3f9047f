//! What is counted of a cache, and told.

mod meters;
mod outcome;
mod routes;
mod stats;

pub use self::stats::{RouteStats, Stats};
pub(super) use self::{
    meters::Meters,
    outcome::Outcome,
    routes::{RouteCounts, Routes},
};
