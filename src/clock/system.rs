//! The machine's clocks, as the operating system tells them.

use std::{
    sync::LazyLock,
    time::{Duration, Instant, SystemTime},
};

/// All timestamps of a process count from here, so that they can be compared.
static ORIGIN: LazyLock<Instant> = LazyLock::new(read);

#[expect(clippy::disallowed_methods, reason = "this module is where time is read")]
fn read() -> Instant {
    Instant::now()
}

/// Nanoseconds of the monotonic clock since the origin.
pub(super) fn monotonic() -> u64 {
    let since = read().saturating_duration_since(*ORIGIN);
    // 64-bit arithmetic: that of `as_nanos` is a measurable part of a decision.
    since.as_secs() * 1_000_000_000 + u64::from(since.subsec_nanos())
}

/// The wall clock, since 1970.
pub(super) fn unix_time() -> Duration {
    #[expect(clippy::disallowed_methods, reason = "this module is where time is read")]
    let now = SystemTime::now();
    now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
