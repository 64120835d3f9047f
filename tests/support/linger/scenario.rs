use super::{cost::Cost, senders::Pattern};

/// Who sends what to which service, through which queue.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) pattern: Pattern,
    pub(crate) cost: Cost,
    pub(crate) max_size: usize,
    pub(crate) max_in_flight: usize,
    pub(crate) max_waiting: usize,
    /// In nanoseconds.
    pub(crate) length: u64,
    /// From when on items count.
    pub(crate) counts_from: u64,
}

impl Scenario {
    /// As it is without batching.
    pub(crate) fn one_by_one(&self) -> Self {
        Self { max_size: 1, ..self.clone() }
    }

    pub(crate) fn lasting(&self, length: u64) -> Self {
        Self { length, counts_from: self.counts_from.min(length / 10), ..self.clone() }
    }
}
