//! What decides, for all services of one layer: which request gets what, and what is kept.

mod commit;
mod errand;
mod give;
#[cfg(feature = "compression")]
mod give_coded;
mod invalidate;
mod judge;
mod look_up;
mod parts;
mod passed;
mod settings;
mod state;
mod unanswerable;

#[cfg(feature = "redis")]
pub(super) use self::judge::joined_status;
pub(super) use self::{
    errand::Errand,
    give::Given,
    invalidate::Target,
    judge::{Called, Judged, Kept},
    look_up::{Pass, Ruling, Then},
    settings::Settings,
    state::Keeper,
};
