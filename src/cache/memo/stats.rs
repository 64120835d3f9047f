use std::sync::atomic::{AtomicU64, Ordering};

/// What a [`Memo`](super::Memo) has done, and what it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoStats {
    /// Calls that found a fresh value.
    pub hits: u64,
    /// Calls that took a stale value while it was loaded anew.
    pub stale_hits: u64,
    /// Calls that found none.
    pub misses: u64,
    /// Of the misses, those that were answered with what another call loaded, or with its error.
    pub shared: u64,
    /// Loads that were begun, in the background too.
    pub loads: u64,
    /// Of the loads, those that ended with an error or a panic, or were lost as there was no runtime to go on in.
    pub failures: u64,
    /// Values that had to make room for others, or for which there was none.
    pub evictions: u64,
    /// Values that are held, some of which may be out of date.
    pub entries: u64,
    /// Bytes that they take; `None` unless there is a bound on them.
    pub bytes: Option<u64>,
}

impl MemoStats {
    /// The share of calls that did not have to wait; `None` if there were none.
    pub fn hit_rate(&self) -> Option<f64> {
        let hits = self.hits + self.stale_hits;
        let calls = hits + self.misses;
        (calls > 0).then(|| hits as f64 / calls as f64)
    }
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) hits: Counter,
    pub(super) stale_hits: Counter,
    pub(super) misses: Counter,
    pub(super) shared: Counter,
    loads: Counter,
    failures: Counter,
}

#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    /// A load that begins now. It has failed, unless it succeeds before it is dropped.
    pub(super) fn begin(&self) -> Attempt<'_> {
        self.loads.count();
        Attempt { failures: Some(&self.failures) }
    }

    pub(super) fn read(&self) -> MemoStats {
        MemoStats {
            hits: self.hits.read(),
            stale_hits: self.stale_hits.read(),
            misses: self.misses.read(),
            shared: self.shared.read(),
            loads: self.loads.read(),
            failures: self.failures.read(),
            ..MemoStats::default()
        }
    }
}

pub(super) struct Attempt<'a> {
    failures: Option<&'a Counter>,
}

impl Attempt<'_> {
    pub(super) fn succeed(mut self) {
        self.failures = None;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Some(failures) = self.failures {
            failures.count();
        }
    }
}
