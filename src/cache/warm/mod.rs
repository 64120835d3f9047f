//! Filling a cache before anybody asks.

mod call;
mod report;
mod run;
mod told;

pub use self::{
    report::{WarmFailure, WarmProgress, WarmReport},
    run::Warm,
};
