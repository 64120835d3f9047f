//! Limits that adapt: a multiplier that falls while the service suffers, and recovers.

mod aimd;
mod controller;
mod settings;

pub use self::{
    aimd::{Aimd, Window},
    settings::Adaptive,
};
pub(super) use self::{controller::Controller, settings::checked_share};
