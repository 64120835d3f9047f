use std::time::Duration;

use crate::error::ConfigError;

/// How requests wait that would exceed a quota: for how long, how many, and with how much jitter.
///
/// ```
/// use std::time::Duration;
/// use tower_weir::rate_limit::{Queue, Quota, RateLimitLayer};
///
/// const QUEUE: Queue = Queue::new(Duration::from_secs(2), 100);
/// let layer = RateLimitLayer::new(Quota::per_second(10)).queue(QUEUE);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    pub(super) max_wait: Duration,
    pub(super) max_waiters: usize,
    pub(super) jitter: Duration,
}

const FAULT: &str = "a queue needs a wait longer than zero and at least one waiter";

impl Queue {
    /// Lets a request wait up to `max_wait`, and `max_waiters` requests at a time, of all keys together. Each holds its
    /// request in memory while it waits.
    ///
    /// # Panics
    ///
    /// If either is zero: nothing could ever wait. In a `const` that is a compile error.
    pub const fn new(max_wait: Duration, max_waiters: usize) -> Self {
        let queue = Self { max_wait, max_waiters, jitter: Duration::ZERO };
        assert!(queue.is_valid(), "{}", FAULT);
        queue
    }

    /// As [`Queue::new`], for values that are not known to be right.
    ///
    /// # Errors
    ///
    /// Where that panics.
    pub fn try_new(max_wait: Duration, max_waiters: usize) -> Result<Self, ConfigError> {
        let queue = Self { max_wait, max_waiters, jitter: Duration::ZERO };
        if queue.is_valid() {
            Ok(queue)
        } else {
            let value = format!("{max_waiters} waiters for up to {max_wait:?}");
            Err(ConfigError::new("queue", value, FAULT))
        }
    }

    /// Lets each request wait up to so much longer than it must, at random: then those that were held back together do not all
    /// reach the service together. Still no request waits longer than the maximum.
    pub const fn jitter(self, jitter: Duration) -> Self {
        Self { jitter, ..self }
    }

    const fn is_valid(&self) -> bool {
        !self.max_wait.is_zero() && self.max_waiters > 0
    }
}
