//! The clock of tokio's timers, which a test can pause.

use std::time::Duration;

use tokio::time::Instant;

use super::{Timestamp, system};

/// Counts from when it was made.
#[derive(Clone, Copy)]
pub(super) struct RuntimeClock {
    origin: Instant,
    /// The wall clock's time then.
    wall: Duration,
}

impl RuntimeClock {
    pub(super) fn new() -> Self {
        Self { origin: runtime_now(), wall: system::unix_time() }
    }

    pub(super) fn now(self) -> Timestamp {
        // Not from zero, which would be the time of a key that never came.
        Timestamp::from_nanos(1)
            .saturating_add(runtime_now().saturating_duration_since(self.origin))
    }

    pub(super) fn unix_time(self) -> Duration {
        self.wall + runtime_now().saturating_duration_since(self.origin)
    }
}

/// The time by which the current runtime's timers fire.
#[expect(clippy::disallowed_methods, reason = "this module is where time is read")]
pub(crate) fn runtime_now() -> Instant {
    Instant::now()
}
