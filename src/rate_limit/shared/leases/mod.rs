//! Cells that a process buys ahead from a shared store, and spends without asking it.
//!
//! `lease` is the pure core: what is held of a key, how much to buy next, what to give back. `leased` adds those who wait for
//! a purchase; `leasing` is the whole of it, with the tasks that buy (`buying`) and give back (`giving_back`, `sweep`).

mod buying;
mod giving_back;
mod lease;
mod leased;
mod leasing;
mod meters;
mod settings;
mod sweep;
#[cfg(test)]
mod tests;

pub(in crate::rate_limit) use self::meters::LeaseMeters;
pub use self::settings::Leases;
pub(super) use self::{
    leased::Told,
    leasing::{Leasing, Taken},
};
