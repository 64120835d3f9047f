//! The connection to a server or a cluster: opened, watched and replaced in the background.
//!
//! A [supervisor](supervisor), one task for all clones of a handle, owns the way to the server. It connects, publishes the
//! connection, asks it once a second whether it is still there, and when the circuit opens it makes a new one. Calls only
//! use what is published: none of them connects, and none is a probe.

mod address;
mod call;
mod client;
mod fault;
mod link;
mod meters;
mod processes;
mod script;
mod settings;
mod shared;
mod status;
mod subscription;
mod supervisor;
#[cfg(test)]
mod tests;
#[cfg(feature = "redis-tls")]
mod tls;

pub(super) use self::{
    call::{Failure, UNHURRIED, Use},
    script::Script,
    settings::checked_timeout,
    subscription::{Event, Subscription},
};
pub use self::{client::Redis, status::Status};
