use super::{
    chance::Spread,
    steps::{MS, SECOND, Steps},
};

/// How long the service takes on average, in nanoseconds, if nothing is said.
pub(crate) const SERVICE_TIME: f64 = 10.0 * MS as f64;
/// An answer that is later than this is worth nothing.
pub(crate) const SLO: u64 = 100 * MS;

/// What happens from outside, whatever guards the service.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    #[allow(dead_code, reason = "for tables and plots")]
    pub(crate) about: &'static str,
    /// How long it lasts.
    pub(crate) length: u64,
    /// From when on it counts: before, whatever guards the service may learn.
    pub(crate) counts_from: u64,
    /// How many requests are worked on at once; the others wait, first come, first served.
    pub(crate) workers: usize,
    /// What is asked for, as a share of what the workers can do if nothing is the matter.
    pub(crate) load: Steps,
    /// This many requests in a second instead.
    pub(crate) rate: Option<f64>,
    /// The share of the workers that is there.
    pub(crate) capacity: Steps,
    /// How much longer each request takes, with as many more workers: the same can be done in a second.
    pub(crate) latency: Steps,
    pub(crate) spread: Spread,
    /// Nothing waits for a worker: each is answered after its time.
    pub(crate) endless: bool,
    /// By how much the service slows for each request per worker that is too many: work is lost.
    pub(crate) collapse: f64,
    /// Nothing is done from the first for as long as the second.
    pub(crate) pause: Option<(u64, u64)>,
    /// How many may wait; the service itself answers others 503.
    pub(crate) room: Option<usize>,
    /// After how long a client leaves. What waits then is dropped, what is worked on is finished.
    pub(crate) patience: Option<u64>,
    /// How often a client asks again that was turned away or has left.
    pub(crate) retries: u32,
    /// How long the body of an answer takes after its head; no worker is needed for it.
    pub(crate) body: u64,
    /// How many clients there are. The first sends all above the load at the beginning.
    pub(crate) tenants: usize,
}

impl Scenario {
    /// Erlang-4 service times of 10 ms, a load for 30 s of which 5 are not counted.
    pub(super) fn new(
        name: &'static str,
        about: &'static str,
        workers: usize,
        load: Steps,
    ) -> Self {
        Self {
            name,
            about,
            length: 30 * SECOND,
            counts_from: 5 * SECOND,
            workers,
            load,
            rate: None,
            capacity: Steps::always(1.0),
            latency: Steps::always(1.0),
            spread: Spread::Erlang4,
            endless: false,
            collapse: 0.0,
            pause: None,
            room: None,
            patience: None,
            retries: 0,
            body: 0,
            tenants: 1,
        }
    }

    /// How many requests could be worked on in a nanosecond if nothing were the matter.
    pub(super) fn nominal(&self) -> f64 {
        self.workers as f64 / SERVICE_TIME
    }

    /// How many requests are asked for in a nanosecond where the load is 1.
    pub(super) fn scale(&self) -> f64 {
        self.rate.map_or(self.nominal(), |rate| rate / SECOND as f64)
    }

    /// How many requests are asked for in a nanosecond.
    pub(crate) fn demand(&self, now: u64) -> f64 {
        self.scale() * self.load.at(now)
    }

    /// How many can be worked on in a nanosecond.
    pub(crate) fn supply(&self, now: u64) -> f64 {
        match self.pause {
            _ if self.endless => f64::INFINITY,
            Some((from, length)) if (from..from + length).contains(&now) => 0.0,
            _ => self.nominal() * self.capacity.at(now),
        }
    }

    /// How many workers there are.
    pub(super) fn workers_at(&self, now: u64) -> usize {
        let workers = self.workers as f64 * self.capacity.at(now) * self.latency.at(now);
        if self.endless { usize::MAX } else { (workers.round() as usize).max(1) }
    }

    /// When anything changes, in order; also the end.
    pub(crate) fn changes(&self) -> Vec<u64> {
        let steps = [&self.load, &self.capacity, &self.latency];
        let pause = self.pause.into_iter().flat_map(|(from, length)| [from, from + length]);
        let mut changes: Vec<_> = steps.into_iter().flat_map(Steps::changes).collect();
        changes.extend(pause.chain([self.counts_from, self.length]));
        changes.sort_unstable();
        changes.dedup();
        changes.retain(|at| *at <= self.length && *at > 0);
        changes
    }

    /// Another length, for a test that has little time.
    #[allow(dead_code, reason = "the bench takes its time")]
    pub(crate) fn lasting(self, length: u64) -> Self {
        Self { length, ..self }
    }
}
