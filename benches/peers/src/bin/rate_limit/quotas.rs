//! The same quotas for all: one that is never used up, and one that is used up at once.

use std::{num::NonZeroU32, time::Duration};

use tower_weir::rate_limit::Quota;

/// What one request costs. Long, so that a key that was charged still owes at its next turn, as the key of a busy client
/// does; a key without debt would be as good as absent to our table.
pub(crate) const INTERVAL: Duration = Duration::from_secs(10);

/// More checks than any case makes, less than the 100 years that our quotas may last.
pub(crate) const BURST: u32 = 300_000_000;

pub(crate) const ROOMY: Quota = Quota::per_minute(6).burst(BURST);
pub(crate) const SPENT_AT_ONCE: Quota = Quota::per_hour(1);

pub(crate) fn governor_roomy() -> governor::Quota {
    let burst = NonZeroU32::new(BURST).expect("it is not zero");
    governor::Quota::with_period(INTERVAL).expect("it is not zero").allow_burst(burst)
}
