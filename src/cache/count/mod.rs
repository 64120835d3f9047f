//! What is counted of a cache, and told.

mod meters;
mod outcome;
mod routes;
mod stats;

pub(super) use self::{
    meters::Meters,
    outcome::Outcome,
    routes::{RouteCounts, Routes},
};
pub use self::stats::{RouteStats, Stats};
