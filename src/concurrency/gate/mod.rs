//! Lets in as many as may be under way, and keeps those in line that wait.

mod core;
mod entry;
mod learner;
mod line_up;
mod pace;
mod permit;
mod terms;
mod waiter;
mod word;

pub use self::permit::Permit;
pub(super) use self::{
    core::Gate,
    entry::{Ask, Entry},
    line_up::Mode,
    terms::Terms,
    waiter::Waiter,
};
