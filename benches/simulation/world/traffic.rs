use fastrand::Rng;

use super::schedule::{SECOND, Steps};

/// Requests of clients that know nothing of each other: Poisson processes.
pub(super) struct Traffic {
    streams: Vec<Stream>,
}

struct Stream {
    rate: Steps,
    random: Rng,
    next: u64,
}

impl Traffic {
    /// The same seed sends the same requests.
    pub(super) fn new(rates: &[Steps], seed: u64) -> Self {
        let streams = (1..).zip(rates).map(|(nth, rate)| {
            let random = Rng::with_seed(seed ^ (nth << 32));
            let mut stream = Stream { rate: *rate, random, next: 0 };
            stream.proceed();
            stream
        });
        Self { streams: streams.collect() }
    }

    /// When the next request comes.
    pub(super) fn next_at(&self) -> u64 {
        self.streams.iter().map(|stream| stream.next).min().unwrap_or(u64::MAX)
    }

    /// Whose request that is.
    pub(super) fn take(&mut self) -> usize {
        let next = self.next_at();
        let client = self.streams.iter().position(|stream| stream.next == next).unwrap_or(0);
        self.streams[client].proceed();
        client
    }
}

impl Stream {
    fn proceed(&mut self) {
        loop {
            let (begin, rate) = (self.next, self.rate.at(self.next));
            let gap = exponential(&mut self.random) / rate * SECOND as f64;
            // The conversion saturates where the rate is zero.
            self.next = begin.saturating_add(gap as u64);
            // What would come after a change has not been drawn by its rate. Nothing is remembered, so begin anew there.
            match self.rate.change_after(begin) {
                Some(change) if change < self.next => self.next = change,
                _ => return,
            }
        }
    }
}

/// A time that is 1 on average, and does not depend on how long one has waited.
pub(super) fn exponential(random: &mut Rng) -> f64 {
    -(1.0 - random.f64()).ln()
}
