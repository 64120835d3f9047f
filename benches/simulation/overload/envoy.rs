use std::time::Duration;

use tower_weir::{
    clock::Timestamp,
    concurrency::{Limit, Sample},
    verdict::Verdict,
};

/// Envoy's adaptive concurrency, with its defaults where it has them, and an interval of 30 s between measurements of the least
/// latency and of 0.1 s between updates, as its documentation shows.
pub(super) struct Envoy {
    limit: f64,
    /// The median of a measurement at [`LEAST`], in nanoseconds.
    least: f64,
    /// What the limit was before the measurement that goes on.
    before: Option<f64>,
    /// Answers to requests from before this do not count.
    since: Timestamp,
    latencies: Vec<u64>,
    update: Timestamp,
    measure: Timestamp,
    /// Updates after which the limit was the least.
    at_least: u32,
}

const LEAST: f64 = 3.0;
const MOST: f64 = 100_000.0;
const BUFFER: f64 = 1.25;
const REQUESTS: usize = 50;
const UPDATE: Duration = Duration::from_millis(100);
const MEASURE: Duration = Duration::from_secs(30);

impl Envoy {
    pub(super) fn new() -> Self {
        Self {
            limit: LEAST,
            least: 0.0,
            before: Some(LEAST),
            since: Timestamp::default(),
            latencies: Vec::new(),
            update: Timestamp::default(),
            measure: Timestamp::default(),
            at_least: 0,
        }
    }

    fn median(&mut self) -> f64 {
        let middle = self.latencies.len() / 2;
        let median = *self.latencies.select_nth_unstable(middle).1;
        self.latencies.clear();
        median as f64
    }

    fn measured(&mut self, now: Timestamp, before: f64) {
        (self.least, self.limit, self.before) = (self.median(), before, None);
        self.measure = now.saturating_add(MEASURE);
        self.update = now.saturating_add(UPDATE);
    }

    fn updated(&mut self, now: Timestamp) {
        self.update = now.saturating_add(UPDATE);
        let gradient = (BUFFER * self.least / self.median()).clamp(0.5, 2.0);
        let limit = self.limit * gradient;
        let next = (limit + limit.sqrt()).floor().clamp(LEAST, MOST);
        self.at_least = if next == LEAST && self.limit == LEAST { self.at_least + 1 } else { 0 };
        self.limit = next;
        if self.at_least >= 5 || now >= self.measure {
            (self.before, self.limit, self.since) = (Some(self.limit), LEAST, now);
            self.at_least = 0;
        }
    }
}

impl Limit for Envoy {
    fn limit(&self) -> usize {
        self.limit as usize
    }

    fn on_sample(&mut self, sample: &Sample) -> usize {
        let rtt = sample.rtt.as_nanos() as u64;
        if sample.verdict != Verdict::Success || sample.now.as_nanos() - rtt < self.since.as_nanos()
        {
            return self.limit();
        }
        self.latencies.push(rtt);
        match self.before {
            Some(before) if self.latencies.len() >= REQUESTS => self.measured(sample.now, before),
            None if sample.now >= self.update => self.updated(sample.now),
            _ => {}
        }
        self.limit()
    }
}
