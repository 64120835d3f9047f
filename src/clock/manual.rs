use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{Timestamp, nanos};

/// The hand of a manual clock: time passes when a test says so.
///
/// Clones move the same clock. It starts an hour after its origin, so that a test may also turn it back.
#[derive(Clone, Debug)]
pub struct ManualClock {
    nanos: Arc<AtomicU64>,
}

impl Default for ManualClock {
    fn default() -> Self {
        Self { nanos: Arc::new(AtomicU64::new(3600 * 1_000_000_000)) }
    }
}

impl ManualClock {
    /// The wall time at the origin of every manual clock: 2026-01-01T00:00:00Z.
    pub const EPOCH: Duration = Duration::from_secs(1_767_225_600);

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        self.nanos.fetch_add(nanos(by), Ordering::SeqCst);
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.nanos.load(Ordering::SeqCst))
    }

    /// Turns the clock back, as a faulty clock would; not past its origin.
    pub fn turn_back(&self, by: Duration) {
        let by = nanos(by);
        let _ = self
            .nanos
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |now| Some(now.saturating_sub(by)));
    }
}
