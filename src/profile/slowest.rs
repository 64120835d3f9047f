//! The slowest requests of late, one by one.

use std::time::Duration;

use http::HeaderValue;

use super::Outcome;
use crate::clock::Timestamp;

/// A request that took long.
#[derive(Clone, Debug)]
pub(super) struct Slow {
    pub(super) ended: Timestamp,
    pub(super) latency: Duration,
    pub(super) status: Option<u16>,
    pub(super) outcome: Outcome,
    /// What the client or a layer outside called it; from [`id`].
    pub(super) id: Option<Box<str>>,
}

/// Up to so many of the slowest requests of the last hour.
#[derive(Debug)]
pub(super) struct Slowest {
    capacity: usize,
    kept: Vec<Slow>,
}

/// Of ids that are longer the rest is cut off.
const LONGEST_ID: usize = 128;

/// An id to be kept. Clients choose them: it takes no more memory than it may, nor does it hold on to the head that it was sent in.
pub(super) fn id(field: &HeaderValue) -> Box<str> {
    let bytes = field.as_bytes();
    String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST_ID)]).into()
}

/// For how long a request is kept.
const RECENT: Duration = Duration::from_secs(3_600);

impl Slowest {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, kept: Vec::with_capacity(capacity) }
    }

    /// Keeps a request if it is slower than one of those that are kept.
    pub(super) fn offer(&mut self, slow: Slow) {
        self.forget(slow.ended);
        if self.kept.len() < self.capacity {
            self.kept.push(slow);
        } else if let Some(fastest) = self.kept.iter_mut().min_by_key(|slow| slow.latency)
            && fastest.latency < slow.latency
        {
            *fastest = slow;
        }
    }

    /// Forgets those that ended too long ago.
    pub(super) fn forget(&mut self, now: Timestamp) {
        self.kept.retain(|slow| now.saturating_since(slow.ended) < RECENT);
    }

    /// What a request has to exceed to be kept, in nanoseconds.
    pub(super) fn threshold(&self) -> u64 {
        match self.kept.iter().map(|slow| slow.latency).min() {
            _ if self.capacity == 0 => u64::MAX,
            Some(fastest) if self.kept.len() == self.capacity => crate::clock::nanos(fastest),
            _ => 0,
        }
    }

    pub(super) fn clear(&mut self) {
        self.kept.clear();
    }

    pub(super) fn kept(&self) -> &[Slow] {
        &self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_of_the_last_hour_are_kept() {
        let mut slowest = Slowest::new(3);
        let mut offer = |at: u64, latency: u64| {
            slowest.offer(Slow {
                ended: Timestamp::from_nanos(at * 1_000_000_000),
                latency: Duration::from_secs(latency),
                status: None,
                outcome: Outcome::Ok,
                id: None,
            });
            let mut kept: Vec<_> = slowest.kept.iter().map(|slow| slow.latency.as_secs()).collect();
            kept.sort_unstable();
            (kept, slowest.threshold() / 1_000_000_000)
        };
        assert_eq!(offer(0, 5), (vec![5], 0));
        assert_eq!(offer(1, 3), (vec![3, 5], 0));
        assert_eq!(offer(2, 4), (vec![3, 4, 5], 3));
        assert_eq!(offer(3, 2), (vec![3, 4, 5], 3));
        assert_eq!(offer(4, 9), (vec![4, 5, 9], 4));
        assert_eq!(offer(3_601, 1), (vec![1, 4, 9], 1));
        assert_eq!(offer(9_000, 1), (vec![1], 0));
        assert_eq!(Slowest::new(0).threshold(), u64::MAX);
    }
}
