//! The atomics and locks of the lock-free structures: those of `std`, or loom's when its tests explore every schedule.

#[cfg(not(weir_loom))]
pub(crate) use std::{
    hint::spin_loop,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

#[cfg(weir_loom)]
pub(crate) use loom::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread::yield_now as spin_loop,
};
