use super::steps::{MS, SECOND};

/// What came of a scenario.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// Nanoseconds from the arrival to the answer, of what counts; from the shortest to the longest when all is over.
    latencies: Vec<u64>,
    /// From when on items count, until the end.
    span: u64,
    completed: u64,
    offered: u64,
    refused: u64,
    batches: u64,
}

impl Outcome {
    pub(super) fn offered(&mut self, refused: bool) {
        self.offered += 1;
        self.refused += u64::from(refused);
    }

    pub(super) fn sent(&mut self) {
        self.batches += 1;
    }

    pub(super) fn answered(&mut self, came: u64, now: u64) {
        self.completed += 1;
        self.latencies.push(now - came);
    }

    pub(super) fn ended(mut self, span: u64) -> Self {
        self.span = span;
        self.latencies.sort_unstable();
        self
    }

    /// Of some runs together.
    pub(super) fn of_all(runs: impl Iterator<Item = Self>) -> Self {
        let mut all = Self::default();
        let mut span = 0;
        for run in runs {
            span += run.span;
            all.latencies.extend(run.latencies);
            all.completed += run.completed;
            all.offered += run.offered;
            all.refused += run.refused;
            all.batches += run.batches;
        }
        all.ended(span)
    }

    /// Items that were answered, in a second.
    pub(crate) fn throughput(&self) -> f64 {
        self.completed as f64 * SECOND as f64 / self.span as f64
    }

    /// In milliseconds.
    pub(crate) fn mean(&self) -> f64 {
        let sum: f64 = self.latencies.iter().map(|it| *it as f64).sum();
        sum / self.latencies.len().max(1) as f64 / MS as f64
    }

    /// What this share took no longer than, in milliseconds.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let rank = (self.latencies.len() as f64 * share).ceil() as usize;
        let nanos = self.latencies.get(rank.saturating_sub(1)).copied().unwrap_or(0);
        nanos as f64 / MS as f64
    }

    /// The share of what came that was taken in.
    pub(crate) fn taken_in(&self) -> f64 {
        1.0 - self.refused as f64 / self.offered.max(1) as f64
    }

    /// Items in a batch, on average.
    pub(crate) fn size(&self) -> f64 {
        self.completed as f64 / self.batches.max(1) as f64
    }
}
