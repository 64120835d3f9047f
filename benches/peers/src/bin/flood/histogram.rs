//! Times by the millions, in memory that is allocated ahead.

use std::time::Duration;

/// Buckets for each doubling: a time is told to within 1/32.
const PARTS: u64 = 1 << PART_BITS;
const PART_BITS: u32 = 5;

/// Log-linear: below [`PARTS`] nanoseconds a bucket is one nanosecond wide, from there it doubles with each [`PARTS`] buckets.
pub(crate) struct Histogram {
    buckets: Box<[u64]>,
    count: u64,
    worst: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        let buckets = vec![0; bucket(u64::MAX) + 1].into();
        Self { buckets, count: 0, worst: 0 }
    }

    #[inline]
    pub(crate) fn record(&mut self, time: Duration) {
        // 584 years fit.
        let nanos = time.as_nanos() as u64;
        self.buckets[bucket(nanos)] += 1;
        self.count += 1;
        self.worst = self.worst.max(nanos);
    }

    /// The time in nanoseconds that a share of all did not exceed: the upper end of its bucket.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let wanted = (self.count as f64 * share).ceil() as u64;
        let mut seen = 0;
        let reaches = |count: &u64| {
            seen += count;
            seen >= wanted
        };
        let bucket = self.buckets.iter().position(reaches).unwrap_or_default();
        highest(bucket as u64).min(self.worst) as f64
    }

    pub(crate) fn worst(&self) -> f64 {
        self.worst as f64
    }
}

fn bucket(nanos: u64) -> usize {
    let doublings = nanos.checked_ilog2().unwrap_or(0).saturating_sub(PART_BITS);
    (u64::from(doublings) * PARTS + (nanos >> doublings)) as usize
}

fn highest(bucket: u64) -> u64 {
    let doublings = (bucket / PARTS).saturating_sub(1);
    // Shifting ones in from below.
    !(!(bucket - doublings * PARTS) << doublings)
}
