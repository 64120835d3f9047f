//! A service of batches, the queue before it and those who send items, simulated: how long items take, by how long batches
//! linger.
//!
//! Events happen one after the other in time that is made up, so equal seeds give equal results. What decides is a
//! [`Policy`]: a `Linger` as the engine would ask it, or an [`Oracle`], which sees what will come.

mod chance;
mod contest;
mod cost;
mod oracle;
mod outcome;
mod policy;
#[path = "../random.rs"]
mod random;
mod scenario;
mod scenarios;
mod senders;
#[path = "../overload/steps.rs"]
#[allow(dead_code, reason = "others ask for more")]
mod steps;
mod world;

#[allow(unused_imports, reason = "not all who simulate ask for all")]
pub(crate) use self::{
    contest::{Contest, Losses},
    cost::Cost,
    oracle::Oracle,
    outcome::Outcome,
    policy::{Lingers, Policy, Timers},
    scenario::Scenario,
    scenarios::{all, find},
    steps::{MS, SECOND},
    world::play,
};
