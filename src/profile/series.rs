//! What is known of one method of one route, or of one operation.

use std::sync::{
    PoisonError,
    // Not loom's: nothing follows from the order in which these are seen.
    atomic::{AtomicU64, Ordering},
};

use super::{
    cells::{Cells, Sample},
    history::History,
    route::Shared,
    slowest::{Slow, Slowest},
    totals::Totals,
    writer::Writer,
};
use crate::{
    clock::Timestamp,
    sync::{Mutex, MutexGuard},
};

#[derive(Debug)]
pub(super) struct Series {
    cells: Cells,
    history: Mutex<History>,
    /// When the history is to take over what the cells have, in nanoseconds.
    due: AtomicU64,
    slowest: Mutex<Slowest>,
    /// What a request has to exceed to be among the slowest, in nanoseconds.
    slow: AtomicU64,
}

impl Series {
    /// That keeps so many of the slowest.
    pub(super) fn new(shared: &Shared, exemplars: usize) -> Self {
        let history = History::new(shared.since(), shared.clock.now());
        let slowest = Slowest::new(exemplars);
        Self {
            cells: Cells::new(),
            due: AtomicU64::new(history.due().as_nanos()),
            slow: AtomicU64::new(slowest.threshold()),
            history: Mutex::new(history),
            slowest: Mutex::new(slowest),
        }
    }

    /// Counts one that begins.
    #[inline]
    pub(super) fn start(&self) {
        self.cells.start(Writer::current());
    }

    /// Counts one as begun here that began elsewhere.
    pub(super) fn take_over(&self, from: &Self) {
        let writer = Writer::current();
        self.cells.start(writer);
        from.cells.unstart(writer);
    }

    /// Counts one that has ended; whether it is among the slowest, which [`Series::keep`] is to be told then.
    #[inline]
    pub(super) fn end(&self, now: Timestamp, sample: &Sample) -> bool {
        if now.as_nanos() >= self.due.load(Ordering::Relaxed) {
            self.turn(now);
        }
        self.cells.end(Writer::current(), sample);
        sample.latency > self.slow.load(Ordering::Relaxed)
    }

    /// Keeps one of the slowest.
    #[cold]
    pub(super) fn keep(&self, slow: Slow) {
        let mut slowest = lock(&self.slowest);
        slowest.offer(slow);
        self.slow.store(slowest.threshold(), Ordering::Relaxed);
    }

    /// What has been counted up to now, and how many are under way.
    pub(super) fn read<T>(&self, now: Timestamp, read: impl FnOnce(&History, u64) -> T) -> T {
        let mut history = lock(&self.history);
        let active = self.take(&mut history, now);
        read(&history, active)
    }

    /// The slowest of late.
    pub(super) fn slowest(&self, now: Timestamp) -> Vec<Slow> {
        let mut slowest = lock(&self.slowest);
        self.forget(&mut slowest, now);
        slowest.kept().to_vec()
    }

    /// Forgets all but what is under way.
    pub(super) fn reset(&self, now: Timestamp) {
        let mut history = lock(&self.history);
        let (counted, _) = self.cells.read();
        history.reset(now, counted);
        let mut slowest = lock(&self.slowest);
        slowest.clear();
        self.forget(&mut slowest, now);
    }

    /// The first request of a slice, while all others go on.
    #[cold]
    fn turn(&self, now: Timestamp) {
        if let Ok(mut history) = self.history.try_lock() {
            self.take(&mut history, now);
            self.forget(&mut lock(&self.slowest), now);
        }
    }

    fn take(&self, history: &mut History, now: Timestamp) -> u64 {
        // Under the lock, so that what is read later is no less.
        let (counted, active): (Totals, u64) = self.cells.read();
        history.turn(now, counted);
        self.due.store(history.due().as_nanos(), Ordering::Relaxed);
        active
    }

    fn forget(&self, slowest: &mut Slowest, now: Timestamp) {
        slowest.forget(now);
        self.slow.store(slowest.threshold(), Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
