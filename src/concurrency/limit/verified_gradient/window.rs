use std::time::Duration;

use super::super::Sample;
use crate::{
    clock::{Timestamp, nanos},
    verdict::Verdict,
};

/// What came while the limit was the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    /// When the limit was set.
    since: Timestamp,
    /// When the first answer came to a request that was let in after that.
    begun: Option<Timestamp>,
    last: Timestamp,
    /// Requests on which the service worked to the end.
    answers: u32,
    /// Those whose latency says something, the sum of its logarithms in nanoseconds, and of their squares.
    latencies: u32,
    sum: f64,
    squares: f64,
    /// How many found the limit reached.
    reached: u32,
    peak: usize,
}

/// What a window was like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) elapsed: Duration,
    /// Answers in a nanosecond.
    pub(super) rate: f64,
    pub(super) answers: f64,
    /// Mean logarithm of the latency in nanoseconds.
    pub(super) log: f64,
    /// Its standard error.
    pub(super) error: f64,
    /// The share of requests that found the limit reached.
    pub(super) reached: f64,
    /// The most requests that were under way.
    pub(super) peak: usize,
}

impl Window {
    const ENOUGH: u32 = 64;
    const FEW: u32 = 16;
    const LEAST: u32 = 8;
    const LONGEST: Duration = Duration::from_secs(1);

    /// Begins anew, with a limit that is set now.
    pub(super) fn restart(&mut self, now: Timestamp) {
        *self = Self { since: now, ..Self::default() };
    }

    /// Begins anew, with the limit as before.
    pub(super) fn proceed(&mut self, now: Timestamp) {
        *self = Self { since: self.since, begun: Some(now), last: now, ..Self::default() };
    }

    /// Adds an answer. `shortest` is how long a window is at least.
    pub(super) fn add(&mut self, sample: &Sample, limit: usize, shortest: Duration) {
        let now = sample.now;
        self.peak = self.peak.max(sample.in_flight);
        if now < self.since {
            // The clock went backwards.
            self.restart(now);
        }
        let Some(begun) = self.begun else {
            let let_in = now.as_nanos().saturating_sub(nanos(sample.rtt));
            if let_in >= self.since.as_nanos() {
                self.begun = Some(now);
                self.last = now;
            }
            return;
        };
        if now < begun || now.saturating_since(self.last) > 2 * shortest.max(Duration::from_millis(50)) {
            self.proceed(now);
        }
        self.last = now;
        self.reached += u32::from(sample.in_flight >= limit);
        match sample.verdict {
            Verdict::Success => {
                let log = (nanos(sample.rtt).max(1) as f64).ln();
                self.answers += 1;
                self.latencies += 1;
                self.sum += log;
                self.squares += log * log;
            }
            Verdict::ClientError => self.answers += 1,
            Verdict::Failure | Verdict::Overload | Verdict::Ignored => {}
        }
    }

    /// What it was like, if that says enough.
    pub(super) fn seen(&self, now: Timestamp, shortest: Duration, hasty: bool) -> Option<Seen> {
        let n = self.latencies;
        if n < Self::LEAST {
            return None;
        }
        let elapsed = now.saturating_since(self.begun?);
        let enough = (n >= Self::ENOUGH && elapsed >= shortest)
            || (n >= Self::FEW && elapsed >= if hasty { shortest } else { 4 * shortest })
            || elapsed >= Self::LONGEST.max(shortest);
        enough.then(|| {
            let count = f64::from(n);
            let log = self.sum / count;
            let variance = (self.squares / count - log * log).max(0.01);
            Seen {
                elapsed,
                rate: f64::from(self.answers) / nanos(elapsed).max(1) as f64,
                answers: f64::from(self.answers),
                log,
                error: (variance / count).sqrt(),
                reached: f64::from(self.reached) / f64::from(self.answers.max(1)),
                peak: self.peak,
            }
        })
    }
}
