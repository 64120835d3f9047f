use std::time::Duration;

use tower_weir::{
    clock::Timestamp,
    concurrency::{Limit, Sample},
    verdict::Verdict,
};

/// What guards the service.
pub(crate) trait Control {
    /// A request comes at `now`, in nanoseconds: whether it is let in.
    fn admit(&mut self, now: u64, arrival: Arrival) -> bool;

    /// The head of its answer is there.
    fn head(&mut self, now: u64, id: usize, verdict: Verdict);

    /// Its answer has ended, or its client has left: then there may have been no head.
    fn end(&mut self, now: u64, id: usize);

    /// How many may be under way; none if any number may.
    fn limit(&self) -> Option<usize>;
}

/// A request as far as a control may look at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// Which it is, until its end. Then another may have the number.
    pub(crate) id: usize,
    /// Whose it is.
    #[allow(dead_code, reason = "a limit does not ask, a layer may")]
    pub(crate) tenant: usize,
}

/// Lets all in.
pub(crate) struct Open;

impl Control for Open {
    fn admit(&mut self, _: u64, _: Arrival) -> bool {
        true
    }

    fn head(&mut self, _: u64, _: usize, _: Verdict) {}

    fn end(&mut self, _: u64, _: usize) {}

    fn limit(&self) -> Option<usize> {
        None
    }
}

/// Lets in as many at once as a limit says.
pub(crate) struct Guard<L> {
    limit: L,
    at_once: usize,
    in_flight: usize,
    /// When each was let in, and how many were under way with it.
    let_in: Vec<(u64, usize)>,
}

impl<L: Limit> Guard<L> {
    pub(crate) fn new(limit: L) -> Self {
        Self { at_once: limit.limit(), limit, in_flight: 0, let_in: Vec::new() }
    }
}

impl<L: Limit> Control for Guard<L> {
    fn admit(&mut self, now: u64, arrival: Arrival) -> bool {
        if self.in_flight >= self.at_once.max(1) {
            return false;
        }
        self.in_flight += 1;
        if self.let_in.len() <= arrival.id {
            self.let_in.resize(arrival.id + 1, (0, 0));
        }
        self.let_in[arrival.id] = (now, self.in_flight);
        true
    }

    fn head(&mut self, now: u64, id: usize, verdict: Verdict) {
        let (since, in_flight) = self.let_in[id];
        let (now, rtt) = (Timestamp::from_nanos(now), Duration::from_nanos(now - since));
        self.at_once = self.limit.on_sample(&Sample { now, rtt, in_flight, verdict });
    }

    fn end(&mut self, _: u64, _: usize) {
        self.in_flight -= 1;
    }

    fn limit(&self) -> Option<usize> {
        Some(self.at_once)
    }
}
