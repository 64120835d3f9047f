use std::time::Duration;

use super::{Forming, Linger};
use crate::clock::Timestamp;

/// Waits for more items as long as that pays.
#[derive(Clone, Debug)]
pub struct Adaptive {
    cap: Duration,
}

impl Adaptive {
    /// Waits no longer than `cap` from the first item on.
    pub const fn new(cap: Duration) -> Self {
        Self { cap }
    }
}

impl Default for Adaptive {
    /// A cap of 5 ms.
    fn default() -> Self {
        Self::new(Duration::from_millis(5))
    }
}

impl Linger for Adaptive {
    fn until(&mut self, forming: &Forming, _: Timestamp) -> Timestamp {
        let until = forming.since.saturating_add(self.cap);
        forming.deadline.map_or(until, |deadline| deadline.min(until))
    }
}
