//! Against real servers.

mod cluster;
mod metrics;
mod outage;
mod processes;
mod scripts;
mod secrets;
mod subscription;
#[cfg(feature = "redis-tls")]
mod tls;
mod world;

#[path = "../../../../tests/support/recorded.rs"]
mod recorded;
#[path = "../../../../tests/support/warnings.rs"]
mod warnings;

use crate::redis::server;
