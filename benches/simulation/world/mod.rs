//! A service, its clients and their time, made up: events happen one after the other, and nothing waits.

mod play;
mod pool;
mod schedule;
mod trace;
mod traffic;

pub(crate) use self::{
    play::{Answer, Steer, play},
    pool::{Backend, Client},
    schedule::{SECOND, Steps},
    trace::{Second, Trace},
};

/// What happens from outside, whatever guards the service.
pub(crate) struct World {
    /// How long it lasts, in seconds.
    pub(crate) length: u64,
    /// The requests that each client sends, in a second.
    pub(crate) clients: Vec<Steps>,
    /// How many servers the pool has.
    pub(crate) servers: Steps,
    /// How long a server takes for a request, on average, in seconds.
    pub(crate) service_time: f64,
    /// How many requests may wait for a server; more are answered 503.
    pub(crate) room: usize,
    /// For how long a client waits for its answer, in seconds.
    pub(crate) patience: f64,
    /// How late an answer may be to be of use, in seconds.
    pub(crate) target: f64,
    /// The share of requests that fail when they are done, whatever the load.
    pub(crate) faults: f64,
}

impl World {
    /// How many requests in a second the pool can serve.
    pub(crate) fn capacity(&self, now: u64) -> f64 {
        self.servers.at(now) / self.service_time
    }

    /// When anything changes, in order; not the beginning.
    pub(crate) fn changes(&self) -> Vec<u64> {
        let all = self.clients.iter().chain([&self.servers]);
        let mut changes: Vec<_> = all.flat_map(|steps| steps.changes()).collect();
        changes.sort_unstable();
        changes.dedup();
        changes
    }
}
