//! How many are in, how many may be, and whether to ask under the lock: in one word, so that whoever comes checks and counts in
//! one step.

use crate::sync::{AtomicU64, Ordering};

/// The word, shared.
#[derive(Debug)]
pub(super) struct Word(AtomicU64);

/// What it said at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State(u64);

/// Bits 0 to 31 count those who are in, 32 to 62 are the limit, 63 says to ask under the lock.
const LIMIT_AT: u32 = 32;
const GUARDED: u64 = 1 << 63;
const LIMIT_BITS: u64 = 0x7fff_ffff << LIMIT_AT;

/// Why someone did not get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// As many are in as may be.
    Full,
    /// It must ask under the lock.
    Guarded,
}

impl Word {
    pub(super) fn new(limit: usize, guarded: bool) -> Self {
        let guarded = if guarded { GUARDED } else { 0 };
        Self(AtomicU64::new(bits(limit) | guarded))
    }

    pub(super) fn load(&self) -> State {
        State(self.0.load(Ordering::Acquire))
    }

    /// Gets in, unless it is full or guarded. How many are in then.
    #[inline]
    pub(super) fn enter(&self) -> Result<u32, Closed> {
        let mut state = State(self.0.load(Ordering::Relaxed));
        loop {
            if state.is_guarded() {
                return Err(Closed::Guarded);
            }
            if !state.has_room() {
                return Err(Closed::Full);
            }
            match self.exchange(state, state.0 + 1) {
                Ok(()) => return Ok(state.in_flight() + 1),
                Err(current) => state = current,
            }
        }
    }

    /// Gets in if there is room, for whoever holds the lock. How many are in then.
    pub(super) fn enter_locked(&self) -> Option<u32> {
        let mut state = self.load();
        while state.has_room() {
            match self.exchange(state, state.0 + 1) {
                Ok(()) => return Some(state.in_flight() + 1),
                Err(current) => state = current,
            }
        }
        None
    }

    /// Gets in, room or not. How many are in then.
    pub(super) fn enter_anyway(&self) -> u32 {
        State(self.0.fetch_add(1, Ordering::Acquire)).in_flight() + 1
    }

    /// Gets out. Whether someone may wait for that.
    #[inline]
    pub(super) fn leave(&self) -> bool {
        let before = State(self.0.fetch_sub(1, Ordering::AcqRel));
        debug_assert!(before.in_flight() > 0, "more have left than came");
        before.is_guarded()
    }

    /// Sets the limit. Whether someone may wait for that.
    pub(super) fn set_limit(&self, limit: usize) -> bool {
        let mut state = self.load();
        while let Err(current) = self.exchange(state, (state.0 & !LIMIT_BITS) | bits(limit)) {
            state = current;
        }
        state.is_guarded()
    }

    /// From now on everybody asks under the lock.
    pub(super) fn guard(&self) {
        self.0.fetch_or(GUARDED, Ordering::AcqRel);
    }

    /// From now on nobody needs to.
    pub(super) fn unguard(&self) {
        self.0.fetch_and(!GUARDED, Ordering::AcqRel);
    }

    #[inline]
    fn exchange(&self, from: State, to: u64) -> Result<(), State> {
        let done = self.0.compare_exchange_weak(from.0, to, Ordering::AcqRel, Ordering::Acquire);
        done.map(drop).map_err(State)
    }
}

impl State {
    #[inline]
    pub(super) fn in_flight(self) -> u32 {
        self.0 as u32
    }

    #[inline]
    pub(super) fn limit(self) -> u32 {
        ((self.0 & LIMIT_BITS) >> LIMIT_AT) as u32
    }

    #[inline]
    pub(super) fn has_room(self) -> bool {
        self.in_flight() < self.limit()
    }

    #[inline]
    fn is_guarded(self) -> bool {
        self.0 & GUARDED != 0
    }
}

fn bits(limit: usize) -> u64 {
    // Limits are at most `Bounds::MAX`; those of a `Limit` that is not ours are brought within it here.
    let limit = limit.clamp(1, crate::concurrency::Bounds::MAX);
    (limit as u64) << LIMIT_AT
}
