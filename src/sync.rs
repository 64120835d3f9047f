//! The atomics and locks of the lock-free structures: those of `std`, or loom's when its tests explore every schedule.

#[cfg(weir_loom)]
use loom as base;
#[cfg(not(weir_loom))]
use std as base;

pub(crate) use base::sync::Mutex;
#[cfg(any(
    feature = "batch",
    feature = "cache",
    feature = "coalesce",
    feature = "concurrency",
    feature = "profile",
    feature = "rate-limit"
))]
pub(crate) use base::sync::MutexGuard;
#[cfg(any(
    feature = "cache",
    feature = "circuit-breaker",
    feature = "coalesce",
    feature = "concurrency",
    feature = "profile",
    feature = "rate-limit"
))]
pub(crate) use base::sync::atomic::{AtomicU64, Ordering};
#[cfg(feature = "rate-limit")]
pub(crate) use base::thread::yield_now;

#[cfg(any(feature = "cache", feature = "coalesce", feature = "profile"))]
#[cfg(not(weir_loom))]
pub(crate) use std::sync::OnceLock;

/// loom has none of its own. Whoever sees the value has held the lock after whoever made it.
#[cfg(any(feature = "cache", feature = "coalesce", feature = "profile"))]
#[cfg(weir_loom)]
#[derive(Debug)]
pub(crate) struct OnceLock<T> {
    value: std::sync::OnceLock<T>,
    made: Mutex<()>,
}

#[cfg(any(feature = "cache", feature = "coalesce", feature = "profile"))]
#[cfg(weir_loom)]
impl<T> OnceLock<T> {
    pub(crate) fn new() -> Self {
        Self { value: std::sync::OnceLock::new(), made: Mutex::new(()) }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        let _made = self.made.lock();
        self.value.get()
    }

    pub(crate) fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        let _made = self.made.lock();
        self.value.get_or_init(make)
    }
}
