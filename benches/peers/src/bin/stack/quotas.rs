//! The same limits for all, which nobody reaches.

use std::time::Duration;

/// More requests than any case makes of one key.
pub(crate) const BURST: u32 = 300_000_000;

/// What a request costs by either policy. Long, so that a key owes at its next turn, as that of a busy client does.
pub(crate) const INTERVALS: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(5)];

/// More than are under way at once.
pub(crate) const CONCURRENCY: usize = 64;
