//! Which shard a thread writes to.

use std::{marker::PhantomData, sync::PoisonError};

#[cfg(weir_loom)]
use loom::thread_local;

use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering};

/// Shards with one thread each.
const OWNED: usize = if cfg!(weir_loom) { 2 } else { 32 };
/// Shards for all other threads.
const SHARED: usize = if cfg!(weir_loom) { 1 } else { 8 };
/// All shards.
pub(super) const SHARDS: usize = OWNED + SHARED;

/// The right of a thread to write to the cells of a shard.
///
/// Most threads have a shard for themselves. Nobody else writes to its cells, so a plain load and store add to them, which take a
/// nanosecond where an atomic addition takes five. Whoever comes when all those are taken shares one with others, and adds
/// atomically.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writer {
    shard: usize,
    /// It is for the thread that has it.
    _not_send: PhantomData<*const ()>,
}

/// The shards that are given to threads.
#[derive(Debug)]
struct Shards {
    /// Those that were given back.
    free: Vec<usize>,
    /// How many have ever been given to be owned.
    owned: usize,
    /// How many threads had to share.
    sharing: usize,
}

/// Gives the shard back when its thread ends.
struct Taken(Writer);

#[cfg(not(weir_loom))]
static GIVEN: Mutex<Shards> = Mutex::new(Shards::new());

#[cfg(weir_loom)]
loom::lazy_static! {
    static ref GIVEN: Mutex<Shards> = Mutex::new(Shards::new());
}

thread_local! {
    static TAKEN: Taken = Taken(given().take());
}

fn given() -> MutexGuard<'static, Shards> {
    GIVEN.lock().unwrap_or_else(PoisonError::into_inner)
}

// loom ends the threads of a model when what they share has gone already.
#[cfg(not(weir_loom))]
impl Drop for Taken {
    fn drop(&mut self) {
        given().give_back(self.0);
    }
}

impl Shards {
    const fn new() -> Self {
        Self { free: Vec::new(), owned: 0, sharing: 0 }
    }

    fn take(&mut self) -> Writer {
        if let Some(shard) = self.free.pop() {
            return Writer::of(shard);
        }
        if self.owned < OWNED {
            self.owned += 1;
            return Writer::of(self.owned - 1);
        }
        self.sharing += 1;
        Writer::of(OWNED + self.sharing % SHARED)
    }

    /// Whoever is given the shard next sees all that was written to it, since both hold the lock around this.
    #[cfg(not(weir_loom))]
    fn give_back(&mut self, writer: Writer) {
        if writer.is_owner() {
            self.free.push(writer.shard);
        }
    }
}

impl Writer {
    const fn of(shard: usize) -> Self {
        Self { shard, _not_send: PhantomData }
    }

    /// The current thread's.
    #[inline]
    pub(super) fn current() -> Self {
        // A thread that is ending may have given its own back.
        TAKEN.try_with(|taken| taken.0).unwrap_or(Self::of(OWNED))
    }

    #[inline]
    pub(super) fn shard(self) -> usize {
        self.shard
    }

    /// Adds to a cell of the shard, wrapping around.
    #[inline]
    pub(super) fn add(self, cell: &AtomicU64, amount: u64) {
        if self.is_owner() {
            cell.store(cell.load(Ordering::Relaxed).wrapping_add(amount), Ordering::Release);
        } else {
            cell.fetch_add(amount, Ordering::Release);
        }
    }

    /// Moves the shortest and the longest there was to where a new one is among them.
    #[inline]
    pub(super) fn widen(self, min: &AtomicU64, max: &AtomicU64, nanos: u64) {
        // Others that share the shard may write in between.
        if nanos < min.load(Ordering::Relaxed) {
            min.fetch_min(nanos, Ordering::Release);
        }
        if nanos > max.load(Ordering::Relaxed) {
            max.fetch_max(nanos, Ordering::Release);
        }
    }

    #[inline]
    fn is_owner(self) -> bool {
        self.shard < OWNED
    }
}

#[cfg(all(test, not(weir_loom)))]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn owned_shards_go_from_thread_to_thread_and_the_rest_is_shared() {
        let mut shards = Shards::new();
        let writers: Vec<_> = (0..SHARDS).map(|_| shards.take()).collect();
        let owners = writers.iter().filter(|writer| writer.is_owner()).count();
        assert_eq!(owners, OWNED);
        assert!(writers.iter().all(|writer| writer.shard < SHARDS));
        for writer in writers {
            shards.give_back(writer);
        }
        let again: Vec<_> = (0..OWNED).map(|_| shards.take()).collect();
        assert!(again.into_iter().all(Writer::is_owner));
        assert!(!shards.take().is_owner());
    }

    #[test]
    fn nothing_is_lost_however_many_threads_come_and_go() {
        let cells = [const { AtomicU64::new(0) }; SHARDS];
        for _ in 0..4 {
            thread::scope(|scope| {
                for _ in 0..SHARDS {
                    scope.spawn(|| {
                        let writer = Writer::current();
                        for _ in 0..1_000 {
                            writer.add(&cells[writer.shard()], 1);
                        }
                    });
                }
            });
        }
        let sum: u64 = cells.iter().map(|cell| cell.load(Ordering::Acquire)).sum();
        assert_eq!(sum, 4 * 1_000 * SHARDS as u64);
    }
}
