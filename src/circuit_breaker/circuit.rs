use std::{fmt, sync::PoisonError};

use super::{
    Counts, State,
    change::Transition,
    settings::Settings,
    state::{Admission, Machine, Ticket},
};
use crate::{
    clock::Timestamp,
    sync::{AtomicU64, Mutex, Ordering},
};

/// A state machine that many threads use, most of them without its lock: while it is closed, a call that is let through reads
/// one atomic, and one that succeeds counts itself up in it. Whoever takes the lock first adds those to the window.
///
/// A bad call takes the lock, as do probes and, about once in a tenth of the window, a success: to judge a window takes all of
/// its numbers at once, and so does moving it on.
pub(super) struct Circuit {
    /// From above: the generation, the state, and in the lower half the successes that the window does not know yet. They are
    /// one word so that none counts for another generation.
    word: AtomicU64,
    /// [`Machine::until`]. It belongs to the word if that is the same before and after it was read, and is not changing.
    until: AtomicU64,
    machine: Mutex<Machine>,
}

const COUNT: u64 = u32::MAX as u64;
/// More are not gathered.
const MOST: u64 = COUNT / 2;

fn tag(generation: u32, state: State) -> u64 {
    u64::from(generation << 2 | state as u32) << 32
}

/// In place of a state, while the word and the time are changed.
const CHANGING: u64 = 3 << 32;

/// `None` while it is changing.
fn state(word: u64) -> Option<State> {
    match (word >> 32) & 3 {
        0 => Some(State::Closed),
        1 => Some(State::HalfOpen),
        2 => Some(State::Open),
        _ => None,
    }
}

fn generation(word: u64) -> u32 {
    (word >> 34) as u32
}

impl Circuit {
    pub(super) fn new(settings: &Settings, seed: u64) -> Self {
        Self {
            word: AtomicU64::new(tag(0, State::Closed)),
            until: AtomicU64::new(0),
            machine: Mutex::new(Machine::new(settings, seed)),
        }
    }

    /// Decides on a call. `now` is asked for only if it matters.
    #[inline]
    pub(super) fn admit(
        &self,
        settings: &Settings,
        now: impl FnOnce() -> Timestamp,
    ) -> (Admission, Option<Transition>) {
        let word = self.word.load(Ordering::Acquire);
        if state(word) == Some(State::Closed) {
            return (Admission::Pass(Ticket { generation: generation(word), probe: 0 }), None);
        }
        self.admit_unless_open(settings, word, now())
    }

    /// Lets a call through only if it is closed: it is not made a probe.
    #[cfg(feature = "redis")]
    pub(super) fn pass(&self) -> Option<Ticket> {
        let word = self.word.load(Ordering::Acquire);
        let closed = state(word) == Some(State::Closed);
        closed.then(|| Ticket { generation: generation(word), probe: 0 })
    }

    #[inline(never)]
    fn admit_unless_open(
        &self,
        settings: &Settings,
        word: u64,
        now: Timestamp,
    ) -> (Admission, Option<Transition>) {
        let until = self.until.load(Ordering::Acquire);
        let is_open = state(word) == Some(State::Open) && self.word.load(Ordering::Relaxed) == word;
        if is_open && now.as_nanos() < until && until != u64::MAX {
            let left = Timestamp::from_nanos(until).saturating_since(now);
            return (Admission::Reject(Some(left)), None);
        }
        self.locked(|machine| machine.admit(settings, now))
    }

    /// A call has succeeded.
    #[inline]
    pub(super) fn succeeded(&self, now: Timestamp, ticket: Ticket) -> bool {
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            if ticket.generation != generation(word) {
                return ticket.probe == 0;
            }
            let late = now.as_nanos() >= self.until.load(Ordering::Relaxed);
            if ticket.probe != 0 || late || word & COUNT >= MOST {
                return false;
            }
            let counted = self.word.compare_exchange_weak(
                word,
                word + 1,
                Ordering::AcqRel,
                Ordering::Acquire,
            );
            match counted {
                Ok(_) => return true,
                Err(other) => word = other,
            }
        }
    }

    /// Does something that takes more than the atomics.
    pub(super) fn locked<T>(&self, f: impl FnOnce(&mut Machine) -> T) -> T {
        let mut machine = self.machine.lock().unwrap_or_else(PoisonError::into_inner);
        let gathered = self.word.fetch_and(!COUNT, Ordering::AcqRel) & COUNT;
        machine.succeeded(gathered as u32);
        let done = f(&mut machine);
        let (tag, until) = (tag(machine.generation(), machine.state()), machine.until());
        if self.word.load(Ordering::Relaxed) & !COUNT == tag {
            self.until.store(until, Ordering::Release);
        } else {
            self.word.fetch_or(CHANGING, Ordering::AcqRel);
            self.until.store(until, Ordering::Release);
            // What was gathered meanwhile is of a generation that is over.
            self.word.swap(tag, Ordering::AcqRel);
        }
        done
    }

    pub(super) fn state(&self) -> State {
        let word = self.word.load(Ordering::Acquire);
        state(word).unwrap_or_else(|| self.locked(|machine| machine.state()))
    }

    pub(super) fn counts(&self, now: Timestamp) -> Counts {
        self.locked(|machine| machine.counts(now))
    }

    /// Whether it is as it would be if it were made anew, except for what its window holds.
    pub(super) fn is_at_rest(&self) -> bool {
        let machine = self.machine.lock().unwrap_or_else(PoisonError::into_inner);
        machine.state() == State::Closed && !machine.is_forced()
    }
}

impl fmt::Debug for Circuit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Circuit").field("state", &self.state()).finish_non_exhaustive()
    }
}
