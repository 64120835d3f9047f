use std::time::Duration;

use crate::clock::Timestamp;

/// Decides how long a batch waits for more items, and learns from what comes and how long calls take.
///
/// [`Fixed`](super::Fixed) and [`Adaptive`](super::Adaptive) are there. One of your own says when a batch leaves that could:
///
/// ```
/// use tower_weir::{batch::{Forming, Linger}, clock::Timestamp};
///
/// /// Waits for even numbers of items.
/// #[derive(Clone)]
/// struct Pairs;
///
/// impl Linger for Pairs {
///     fn until(&mut self, forming: &Forming, now: Timestamp) -> Timestamp {
///         let patience = forming.since.saturating_add(std::time::Duration::from_millis(5));
///         if forming.size % 2 == 0 { now } else { patience }
///     }
/// }
/// ```
///
/// It is asked under a lock: it should take no longer than some arithmetic does.
pub trait Linger: Send + 'static {
    /// Until when `forming` waits for more items; `now`, or a time before, if it is to leave.
    ///
    /// It is asked while a call could begin: whenever an item has come to a batch that is not full, when its time has come, and
    /// when a call has ended while one waits. Deadlines need not be regarded: a batch leaves before them in any case.
    fn until(&mut self, forming: &Forming, now: Timestamp) -> Timestamp;

    /// An item has come; said before it is asked about its batch.
    fn arrived(&mut self, now: Timestamp) {
        let _ = now;
    }

    /// A batch of `size` items is sent.
    fn sent(&mut self, size: usize, now: Timestamp) {
        let _ = (size, now);
    }

    /// A batch of `size` items has been answered, `took` after it was sent.
    fn ended(&mut self, size: usize, took: Duration) {
        let _ = (size, took);
    }

    /// A batch of `size` items has failed as a whole. How long that took says nothing of how long calls take.
    fn failed(&mut self, size: usize) {
        let _ = size;
    }

    /// How long the call for a batch of `size` items will presumably take, if anything is known of it: a batch leaves so much
    /// before its deadline, and who is refused is told to come back after what waits will have been done.
    fn takes(&self, size: usize) -> Option<Duration> {
        let _ = size;
        None
    }
}

/// A batch that waits for more items, and could leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Forming {
    /// How many items it has, at least 1.
    pub size: usize,
    /// How many it may have, more than `size`.
    pub max_size: usize,
    /// When its first item came.
    pub since: Timestamp,
    /// How many calls could begin now besides those under way, at least 1.
    pub idle: usize,
    /// How many batches are forming side by side, this one included: more than 1 only with partitions.
    pub partitions: usize,
}

impl Forming {
    /// A batch of one item that came at `since`, with room for `max_size`, and one call to spare.
    ///
    /// For tests and simulations of a [`Linger`].
    pub const fn new(max_size: usize, since: Timestamp) -> Self {
        Self { size: 1, max_size, since, idle: 1, partitions: 1 }
    }
}
