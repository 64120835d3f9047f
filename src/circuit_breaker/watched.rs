use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    State, StateChange,
    breaker::Shared,
    change::Transition,
    circuits::{Forced, Member},
    meters::Meters,
};
use crate::{
    clock::Clock,
    head::Head,
    key::{HashedKey, Key, MissingKey, OnMissingKey},
    verdict::Judge,
};

pub(super) type ChangeFn = Arc<dyn Fn(&StateChange<'_>) + Send + Sync>;

/// How a layer uses its breakers, whichever it is.
#[derive(Clone)]
pub(super) struct Usage {
    pub(super) clock: Clock,
    pub(super) judge: Judge,
    pub(super) key: Option<Arc<dyn HashedKey>>,
    pub(super) on_missing_key: OnMissingKey,
    pub(super) on_change: Option<ChangeFn>,
}

/// A breaker as a layer uses it.
pub(super) struct Watched {
    pub(super) breaker: Arc<Shared>,
    pub(super) usage: Usage,
    warned_of_missing_key: AtomicBool,
    warned_of_no_room: AtomicBool,
}

impl Watched {
    pub(super) fn new(breaker: Arc<Shared>, usage: Usage) -> Self {
        let (warned_of_missing_key, warned_of_no_room) = Default::default();
        Self { breaker, usage, warned_of_missing_key, warned_of_no_room }
    }

    pub(super) fn meters(&self) -> &Meters {
        self.breaker.meters.get_or_resolve(|| {
            let meters = Meters::resolve(self.breaker.name());
            self.breaker.circuits.rest.count_in(&meters.states);
            meters
        })
    }

    /// The circuit for a request; `None` is the one for those without a key.
    #[inline]
    pub(super) fn member(&self, head: &Head<'_>) -> Result<Option<Arc<Member>>, MissingKey> {
        match &self.usage.key {
            None => Ok(None),
            Some(extractor) => {
                let key = self.breaker.circuits.key_of(&**extractor, head)?;
                Ok(self.member_of(key))
            }
        }
    }

    /// The circuit of a key; `None` if there is no room for it, and it shares that for requests without.
    pub(super) fn member_of(&self, key: Key) -> Option<Arc<Member>> {
        let circuits = &self.breaker.circuits;
        let Some((member, is_new)) = circuits.of(key, self.breaker.settings()) else {
            self.warn_of_no_room();
            return None;
        };
        if is_new {
            member.count_in(&self.meters().states);
            self.force(&member, circuits.forced());
        }
        Some(member)
    }

    /// Does to a circuit what a handle said of it or of all.
    pub(super) fn force(&self, member: &Member, forced: Forced) {
        let open = match forced {
            Forced::No => return,
            Forced::Closed => false,
            Forced::Open => true,
        };
        let now = self.usage.clock.now();
        self.tell(member, member.circuit.locked(|machine| machine.force(open, now)));
    }

    pub(super) fn reset(&self, member: &Member) {
        let now = self.usage.clock.now();
        self.tell(member, member.circuit.locked(|machine| machine.reset(now)));
    }

    /// Tells of a change, if there was one. Not under a lock: what is told may ask and steer.
    #[inline]
    pub(super) fn tell(&self, member: &Member, transition: Option<Transition>) {
        if let Some(transition) = transition {
            self.tell_of(member, &transition);
        }
    }

    #[cold]
    fn tell_of(&self, member: &Member, transition: &Transition) {
        let Transition { from, to, cause, open_for, counts, generation } = *transition;
        let (breaker, key) = (&**self.breaker.name(), member.key);
        let meters = self.meters();
        meters.transitions[to as usize].increment(1);
        meters.states[from as usize].decrement(1.0);
        meters.states[to as usize].increment(1.0);
        let keyed = key.is_some();
        match to {
            State::Open => tracing::warn!(
                breaker, keyed, %cause, ?open_for,
                calls = counts.calls, failures = counts.failures, slow = counts.slow,
                "circuit breaker opened"
            ),
            State::HalfOpen => tracing::debug!(breaker, keyed, "circuit breaker half-open"),
            State::Closed => tracing::info!(breaker, keyed, %cause, "circuit breaker closed"),
        }
        let Some(on_change) = &self.usage.on_change else { return };
        let change = StateChange { breaker, key, from, to, cause, open_for, counts, generation };
        // It may be told while a call is dropped because of another panic.
        if catch_unwind(AssertUnwindSafe(|| on_change(&change))).is_err() {
            tracing::error!(breaker, "the function that is told of state changes panicked");
        }
    }

    pub(super) fn warn_of_missing_key(&self, missing: &MissingKey) {
        if self.warned_of_missing_key.swap(true, Ordering::Relaxed) {
            return;
        }
        let consequence = self.usage.on_missing_key.consequence();
        let breaker = &**self.breaker.name();
        tracing::warn!(breaker, "{missing}; {consequence} (logged once)");
    }

    #[cold]
    fn warn_of_no_room(&self) {
        if !self.warned_of_no_room.swap(true, Ordering::Relaxed) {
            let (breaker, keys) = (&**self.breaker.name(), self.breaker.circuits.keys());
            tracing::warn!(
                breaker,
                keys,
                "no room for another key; new ones share a circuit: see `max_keys` (logged once)"
            );
        }
    }
}
