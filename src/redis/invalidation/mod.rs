//! Purges of caches, carried between processes: every one gets a number in a log that lives in Redis, and is published.
//!
//! Who listens takes over the purges as they come, and reads the log when it starts to listen, when a number is missing, and
//! when the log is found to be ahead: a message that is lost delays a purge, and no more.

mod follower;
mod log;
mod message;
mod meters;

pub(super) use self::{follower::Follower, log::PurgeLog, meters::Meters};
