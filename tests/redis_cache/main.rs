//! Cached responses that several processes share, over a real server.

mod cluster;
mod counts;
mod flights;
mod instance;
mod interleaved;
mod outages;
mod proxy;
mod purges;
#[path = "../support/recorded.rs"]
mod recorded;
mod repairs;
#[path = "../support/redis.rs"]
#[allow(dead_code)]
mod server;
mod shares;
mod stored;
#[path = "../support/until.rs"]
mod until;
mod users;
