use std::collections::HashMap;

use tower_weir::rate_limit::Quota;

/// What a limit that forgets nothing would say: GCRA in integers, a map that keeps every key, no code of ours.
pub(crate) struct Exact {
    interval: u128,
    tolerance: u128,
    arrivals: HashMap<u64, u128>,
}

impl Exact {
    pub(crate) fn new(quota: Quota) -> Self {
        let interval = quota.interval().as_nanos();
        let tolerance = interval * u128::from(quota.burst_size());
        Self { interval, tolerance, arrivals: HashMap::new() }
    }

    /// Whether one request of `key` passes, so many nanoseconds after the start.
    pub(crate) fn check(&mut self, key: u64, now: u128) -> bool {
        let arrival = self.arrivals.entry(key).or_insert(now);
        let next = (*arrival).max(now) + self.interval;
        let passes = next <= now + self.tolerance;
        if passes {
            *arrival = next;
        }
        passes
    }
}
