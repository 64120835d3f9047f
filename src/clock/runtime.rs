//! The clock of tokio's timers, which a test can pause.

use tokio::time::Instant;

/// The time by which the current runtime's timers fire.
#[expect(clippy::disallowed_methods, reason = "this module is where time is read")]
pub(crate) fn runtime_now() -> Instant {
    Instant::now()
}
