//! Limits that adapt: a multiplier that falls while the service suffers, and recovers.

mod aimd;
mod controller;
mod flow;
mod settings;

pub use self::{
    aimd::{Aimd, Course, Window},
    settings::Adaptive,
};
pub(super) use self::{controller::Controller, flow::Generation, settings::checked_share};
