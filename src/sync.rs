//! The atomics and locks of the lock-free structures: those of `std`, or loom's when its tests explore every schedule.

#[cfg(weir_loom)]
use loom as base;
#[cfg(not(weir_loom))]
use std as base;

pub(crate) use base::sync::atomic::{AtomicU64, Ordering};
#[cfg(feature = "rate-limit")]
pub(crate) use base::{
    sync::{Mutex, MutexGuard},
    thread::yield_now,
};
