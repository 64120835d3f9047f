//! One piece of work for many who want its result at the same time.
//!
//! Whoever asks first for a key leads: does the work, and lands with the result. Whoever asks while it is under way follows,
//! and gets a clone. If the leader goes without landing, one of those who follow leads in its place, from the beginning or from
//! where it was left.
//!
//! A flight knows no time, no runtime and no store:
//!
//! - Whoever is to wait no longer than so long puts a timeout around the [`Follower`], or around the work that leads. Work that
//!   is not done by then may never be: [`Follower::write_off`] lets others begin anew.
//! - Between a look into a store and [`Flights::join`] a flight may have ended and stored its result. Whoever leads looks again
//!   before doing any work, or it is done twice.
//! - A result that goes into a store goes there by [`Leader::unless_spoiled`], and whoever takes something out of the store
//!   calls [`Flights::spoil`] first: then nothing that was on its way before can come in after.
//!
//! # Cancel safety
//!
//! Leaders, landings and followers may be dropped at any time: then another leads, the flight ends, or there is one fewer who
//! waits. Only one that is kept but never polled holds the others up, as it may be its turn to lead.

mod detached;
mod flights;
mod follower;
mod leader;
mod line;
#[cfg(all(test, not(weir_loom)))]
mod tests;
mod under_way;

pub(crate) use self::{
    detached::Detached,
    flights::{Flights, Joined},
    follower::{Follower, Turn},
    leader::{Landing, Leader},
};
