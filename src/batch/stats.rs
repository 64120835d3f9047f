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
    /// Those of them that got the answer to another, being the same.
    pub duplicates: u64,
    /// Those of them that left before their batch did.
    pub abandoned: u64,
    /// Items that were refused.
    pub refused: u64,
    /// Batches that were sent.
    pub batches: u64,
    /// Those of them that failed as a whole.
    pub failed_batches: u64,
}
