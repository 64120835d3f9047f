use super::queue::Counts;

/// What a [`Batcher`](super::Batcher) has done, and what is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchStats {
    /// Items that wait to be sent.
    pub waiting: usize,
    /// Batches under way.
    pub in_flight: usize,
    /// Items that were taken in.
    pub items: u64,
    /// Those of them that were the same as one that waited already.
    pub duplicates: u64,
    /// Those of them that nobody wanted any more before they were sent.
    pub abandoned: u64,
    /// Items that were refused.
    pub refused: u64,
    /// Batches that were sent.
    pub batches: u64,
    /// Those of them that failed as a whole.
    pub failed_batches: u64,
}

impl BatchStats {
    pub(super) fn new(waiting: usize, in_flight: usize, counts: Counts) -> Self {
        let Counts { items, duplicates, abandoned, refused, batches, failed_batches } = counts;
        Self { waiting, in_flight, items, duplicates, abandoned, refused, batches, failed_batches }
    }
}
