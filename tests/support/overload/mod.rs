//! A service under more load than it can bear, simulated: scenarios, and what becomes of them behind what guards it.
//!
//! Events happen one after the other in time that is made up, so equal seeds give equal results. What guards the service is a
//! [`Control`]: a bare `Limit` here, or anything else that lets requests in and hears of their answers.

mod backend;
mod chance;
mod control;
mod outcome;
mod play;
#[path = "../random.rs"]
mod random;
mod scenario;
mod scenarios;
mod steps;

#[allow(unused_imports, reason = "not all who simulate ask for all")]
pub(crate) use self::{
    control::{Arrival, Control, Guard, Open},
    outcome::{Bin, Outcome},
    play::play,
    scenario::{SERVICE_TIME, SLO, Scenario},
    scenarios::{all, find, others, unseen},
    steps::{MS, SECOND, Steps},
};
