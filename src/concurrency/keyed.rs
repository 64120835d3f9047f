use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    gate::{Gate, Mode, Terms},
    limiter::{MakeLimit, PerKey, Steer},
};
use crate::{
    head::Head,
    key::{Evictable, KeyMap, KeySeed, MissingKey, OnMissingKey},
};

/// A gate for each key.
pub(super) struct Keyed {
    key: PerKey,
    seed: KeySeed,
    gates: KeyMap<Gate>,
    /// Of those who carry no key, and those for whose key there is no room.
    rest: Arc<Gate>,
    terms: Arc<Terms>,
    /// What the gates that are yet to come go by.
    set: Mutex<Set>,
    warned: AtomicBool,
}

struct Set {
    make: MakeLimit,
    /// By hand.
    limit: Option<usize>,
    mode: Mode,
}

impl Evictable for Gate {
    /// Whoever is in, or waits, holds it.
    fn may_go(&self) -> bool {
        true
    }
}

impl Keyed {
    pub(super) fn new(key: PerKey, make: MakeLimit, terms: &Arc<Terms>) -> Self {
        Self {
            gates: KeyMap::new(key.capacity),
            key,
            seed: KeySeed::random(),
            rest: Arc::new(Gate::new(make(), terms)),
            terms: Arc::clone(terms),
            set: Mutex::new(Set { make, limit: None, mode: Mode::Open }),
            warned: AtomicBool::new(false),
        }
    }

    /// The gate of a request.
    pub(super) fn gate(&self, head: &Head<'_>) -> Result<Arc<Gate>, MissingKey> {
        let key = self.key.extractor.key(head, &self.seed)?;
        let gate = self.gates.get_or_add(key, || self.new_gate());
        Ok(gate.unwrap_or_else(|| Arc::clone(&self.rest)))
    }

    pub(super) fn on_missing(&self) -> OnMissingKey {
        self.key.on_missing
    }

    /// Logs the first request that carries no key.
    pub(super) fn warn_of(&self, missing: &MissingKey, limit: &str) {
        if self.warned.swap(true, Ordering::Relaxed) {
            return;
        }
        let consequence = self.key.on_missing.consequence();
        tracing::warn!(limit, "{missing}; {consequence} (logged once)");
    }

    pub(super) fn rest(&self) -> &Arc<Gate> {
        &self.rest
    }

    pub(super) fn first_limit(&self) -> usize {
        let set = self.set();
        set.limit.unwrap_or_else(|| (set.make)().limit())
    }

    pub(super) fn len(&self) -> usize {
        self.gates.len()
    }

    pub(super) fn for_each(&self, mut visit: impl FnMut(&Gate)) {
        visit(&self.rest);
        // Outside of the map's locks: to visit a gate may wake others.
        let mut gates = Vec::with_capacity(self.gates.len());
        self.gates.for_each(|gate| gates.push(Arc::clone(gate)));
        gates.iter().for_each(|gate| visit(gate));
    }

    pub(super) fn steer(&self, steer: Steer) {
        {
            let mut set = self.set();
            match steer {
                Steer::Pin(limit) => set.limit = Some(limit),
                Steer::Unpin => set.limit = None,
                Steer::Mode(mode) => set.mode = mode,
            }
        }
        // A gate that is made meanwhile has read what is set, or is in the map by now: it is made under the map's lock.
        self.for_each(|gate| steer.gate(gate));
    }

    /// Lets every key go by another limit from now on.
    #[cfg(feature = "config")]
    pub(super) fn change(&self, make: &MakeLimit) {
        {
            let mut set = self.set();
            (set.make, set.limit) = (Arc::clone(make), None);
        }
        self.for_each(|gate| gate.change(make()));
    }

    fn set(&self) -> MutexGuard<'_, Set> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn new_gate(&self) -> Gate {
        let set = self.set();
        let gate = Gate::new((set.make)(), &self.terms);
        if let Some(limit) = set.limit {
            gate.pin(limit);
        }
        if set.mode != Mode::Open {
            gate.set_mode(set.mode);
        }
        gate
    }
}

impl fmt::Debug for Keyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed").field("gates", &self.gates).finish_non_exhaustive()
    }
}
