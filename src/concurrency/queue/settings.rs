use std::{fmt, sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    error::ConfigError,
    key::{HashedKey, KeyExtractor},
};

/// How requests wait while as many are under way as may be: for how long, and how many.
///
/// ```
/// use std::time::Duration;
/// use tower_weir::{concurrency::{ConcurrencyLimitLayer, Fixed, Queue}, key::PeerIp};
///
/// let queue = Queue::new(Duration::from_millis(250)).capacity(64).fair(PeerIp);
/// let layer = ConcurrencyLimitLayer::new(Fixed::new(16)).queue(queue);
/// ```
///
/// Requests pass in the order in which they came. A short queue takes up bursts; one that never empties only makes everybody
/// late. So when it has not been empty for 100 ms, requests may wait no longer than a tenth of the
/// [objective](Queue::objective), 5 ms at least, and whoever came last passes first: it still has a client that waits for it
/// (Maurer, "Fail at Scale", ACM Queue 13(8), 2015, where it is called controlled delay and adaptive LIFO).
///
/// One who waits is always left, or a service that takes longer than the wait would have nothing to do when it is done (as in
/// RFC 8289, section 5.3). Each class of [`Priorities`](crate::concurrency::Priorities) is judged by itself: that too many of
/// a less critical one wait makes none of the others late. Nor is a [pause](crate::concurrency::Limiter::pause) an overload.
#[derive(Clone)]
pub struct Queue {
    max_wait: Duration,
    capacity: Option<usize>,
    objective: Option<Duration>,
    pub(in crate::concurrency) fair: Option<Arc<dyn HashedKey>>,
}

/// How long a queue must not have been empty to count as overloaded.
const INTERVAL: Duration = Duration::from_millis(100);
/// The least that requests may wait in an overloaded queue.
const LEAST_WAIT: Duration = Duration::from_millis(5);

impl Queue {
    /// Lets requests wait up to `max_wait`, and four times as many as may be under way, and 8.
    ///
    /// # Panics
    ///
    /// Where [`Queue::try_new`] fails.
    pub const fn new(max_wait: Duration) -> Self {
        assert!(!max_wait.is_zero(), "a queue needs a wait longer than zero");
        Self { max_wait, capacity: None, objective: None, fair: None }
    }

    /// As [`Queue::new`], for a value that is not known to be right.
    ///
    /// # Errors
    ///
    /// If `max_wait` is zero: nothing could ever wait.
    pub fn try_new(max_wait: Duration) -> Result<Self, ConfigError> {
        if max_wait.is_zero() {
            let allowed = "longer than zero; `reject_when_full` if nothing is to wait";
            return Err(ConfigError::new("maximum wait", "0 s", allowed));
        }
        Ok(Self::new(max_wait))
    }

    /// Lets so many requests wait at a time, each of which holds its request in memory.
    ///
    /// # Panics
    ///
    /// Where [`Queue::try_capacity`] fails.
    pub fn capacity(self, capacity: usize) -> Self {
        self.try_capacity(capacity).unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`Queue::capacity`], for a value that is not known to be right.
    ///
    /// # Errors
    ///
    /// If `capacity` is zero.
    pub fn try_capacity(self, capacity: usize) -> Result<Self, ConfigError> {
        if capacity == 0 {
            let allowed = "at least 1; `reject_when_full` if nothing is to wait";
            return Err(ConfigError::new("queue capacity", "0", allowed));
        }
        Ok(Self { capacity: Some(capacity), ..self })
    }

    /// The latency that clients are promised; the maximum wait without this. In an overloaded queue nobody but the last waits
    /// longer than a tenth of it, or 5 ms.
    pub const fn objective(mut self, objective: Duration) -> Self {
        self.objective = Some(objective);
        self
    }

    /// Lets those who wait take turns by key: one with many requests waiting is served as often as one with few. When the queue
    /// is full, the key with the most makes room.
    pub fn fair(mut self, key: impl KeyExtractor) -> Self {
        self.fair = Some(Arc::new(key));
        self
    }

    /// How many may wait under a limit.
    pub(in crate::concurrency) fn capacity_at(&self, limit: u32) -> usize {
        self.capacity.unwrap_or((limit as usize).saturating_mul(4).saturating_add(8))
    }

    /// How long anybody may wait.
    pub(in crate::concurrency) fn longest_wait(&self) -> Duration {
        self.max_wait
    }

    /// How long anybody may wait in an overloaded queue.
    pub(in crate::concurrency) fn overload_wait(&self) -> Duration {
        match self.objective.unwrap_or(self.max_wait) {
            // Who may wait for ever may do so in any queue.
            Duration::MAX => self.max_wait,
            objective => (objective / 10).max(LEAST_WAIT).min(self.max_wait),
        }
    }

    /// Whether a class that has not been empty for so long is overloaded.
    pub(in crate::concurrency) fn is_overloaded(busy_for: Duration) -> bool {
        busy_for >= INTERVAL
    }

    /// When someone who waits since `since`, in a class that is not empty since `busy_since`, has waited too long, should it
    /// still not have been empty then; `None` if that never comes.
    pub(in crate::concurrency) fn patience(
        &self,
        since: Timestamp,
        busy_since: Timestamp,
    ) -> Option<Timestamp> {
        let wait = self.overload_wait();
        let overdue = || busy_since.saturating_add(INTERVAL).max(since.saturating_add(wait));
        (wait < Duration::MAX).then(overdue)
    }
}

impl Default for Queue {
    /// Waits of up to 100 ms.
    fn default() -> Self {
        Self::new(Duration::from_millis(100))
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("max_wait", &self.max_wait)
            .field("capacity", &self.capacity)
            .field("objective", &self.objective)
            .field("fair", &self.fair.is_some())
            .finish()
    }
}
