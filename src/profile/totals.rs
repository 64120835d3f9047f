//! All that is counted of a route, as plain numbers.

use super::{Histogram, Outcome};

/// What is counted, since the beginning or in some time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    /// By [`Outcome`].
    pub(super) outcomes: [u64; Outcome::ALL.len()],
    pub(super) request_bytes: u64,
    pub(super) response_bytes: u64,
    /// To the end.
    pub(super) latency: Histogram,
    /// To the head of the response, where there was one.
    pub(super) to_headers: Histogram,
}

impl Totals {
    /// How many requests have ended.
    pub(super) fn ended(&self) -> u64 {
        self.outcomes.iter().sum()
    }

    /// Whether there is nothing, not even of a request that has been counted in part.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.count(other);
        self.latency.merge(&other.latency);
        self.to_headers.merge(&other.to_headers);
    }

    /// Adds all but the histograms.
    fn count(&mut self, other: &Self) {
        for (ours, theirs) in self.outcomes.iter_mut().zip(other.outcomes) {
            *ours += theirs;
        }
        self.request_bytes = self.request_bytes.saturating_add(other.request_bytes);
        self.response_bytes = self.response_bytes.saturating_add(other.response_bytes);
    }

    /// All of many, in one go.
    pub(super) fn sum<'a>(all: impl Iterator<Item = &'a Self> + Clone) -> Self {
        let mut sum = Self {
            latency: Histogram::sum(all.clone().map(|one| &one.latency)),
            to_headers: Histogram::sum(all.clone().map(|one| &one.to_headers)),
            ..Self::default()
        };
        all.for_each(|one| sum.count(one));
        sum
    }

    /// What came since `earlier`, of which nothing may be missing here.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let mut outcomes = self.outcomes;
        for (now, then) in outcomes.iter_mut().zip(earlier.outcomes) {
            *now = now.saturating_sub(then);
        }
        Self {
            outcomes,
            request_bytes: self.request_bytes.wrapping_sub(earlier.request_bytes),
            response_bytes: self.response_bytes.wrapping_sub(earlier.response_bytes),
            latency: self.latency.since(&earlier.latency),
            to_headers: self.to_headers.since(&earlier.to_headers),
        }
    }
}
