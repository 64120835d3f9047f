use std::fmt;

use crate::concurrency::{Limit, Sample};

/// A limit that is learnt, or fixed, and whether it is enforced.
pub(super) struct Learner {
    limit: Box<dyn Limit>,
    /// Set by hand: it learns, but nobody listens.
    pinned: bool,
}

impl Learner {
    pub(super) fn new(limit: Box<dyn Limit>) -> Self {
        Self { limit, pinned: false }
    }

    /// Learns in another way from now on; what the limit is then.
    #[cfg(feature = "config")]
    pub(super) fn replace(&mut self, limit: Box<dyn Limit>) -> usize {
        *self = Self::new(limit);
        self.limit.limit()
    }

    /// The limit to enforce from now on, if it is not set by hand.
    #[inline]
    pub(super) fn learn(&mut self, sample: &Sample) -> Option<usize> {
        let limit = self.limit.on_sample(sample);
        (!self.pinned).then_some(limit)
    }

    pub(super) fn pin(&mut self) {
        self.pinned = true;
    }

    /// The limit that it has learnt meanwhile.
    pub(super) fn unpin(&mut self) -> usize {
        self.pinned = false;
        self.limit.limit()
    }
}

impl fmt::Debug for Learner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Learner")
            .field("limit", &self.limit.limit())
            .field("pinned", &self.pinned)
            .finish()
    }
}
