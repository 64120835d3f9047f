use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU8, Ordering},
};

use metrics::Gauge;

use super::{State, circuit::Circuit, settings::Settings};
use crate::{
    head::Head,
    key::{Evictable, HashedKey, Key, KeyMap, KeySeed, MissingKey},
};

/// The circuits of a breaker: one for each key, and one for requests without.
pub(super) struct Circuits {
    pub(super) rest: Member,
    /// Made when a key first comes.
    keyed: OnceLock<Keyed>,
    max_keys: usize,
    seed: Option<u64>,
    /// What a handle said of all, for keys that are yet to come.
    forced: AtomicU8,
}

struct Keyed {
    seed: KeySeed,
    map: KeyMap<Member>,
}

/// A circuit, and whose it is.
pub(super) struct Member {
    pub(super) circuit: Circuit,
    pub(super) key: Option<Key>,
    /// Where it is counted, by its state.
    gauges: OnceLock<[Gauge; 3]>,
    /// As what it was counted in: closed, unless it took over from another.
    #[cfg(feature = "config")]
    began: OnceLock<State>,
}

/// What a handle may have said of all circuits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Forced {
    No,
    Closed,
    Open,
}

impl Circuits {
    pub(super) fn new(settings: &Settings, max_keys: usize, seed: Option<u64>) -> Self {
        let rest = Member::new(settings, seed, None);
        let forced = AtomicU8::new(Forced::No as u8);
        Self { rest, keyed: OnceLock::new(), max_keys, seed, forced }
    }

    fn keyed(&self) -> &Keyed {
        let keyed = || Keyed { seed: KeySeed::random(), map: KeyMap::new(self.max_keys) };
        self.keyed.get_or_init(keyed)
    }

    /// The key of a request, as an extractor finds it.
    pub(super) fn key_of(
        &self,
        extractor: &dyn HashedKey,
        head: &Head<'_>,
    ) -> Result<Key, MissingKey> {
        extractor.key(head, &self.keyed().seed)
    }

    /// The key of what an extractor finds.
    pub(super) fn key(&self, value: &(impl std::hash::Hash + ?Sized)) -> Key {
        self.keyed().seed.key(value)
    }

    /// The circuit of a key, and whether it is new; `None` if it would be and there is no room for it.
    pub(super) fn of(&self, key: Key, settings: &Settings) -> Option<(Arc<Member>, bool)> {
        let mut is_new = false;
        let member = self.keyed().map.get_or_add(key, || {
            is_new = true;
            Member::new(settings, self.seed, Some(key))
        });
        member.map(|member| (member, is_new))
    }

    pub(super) fn known(&self, key: Key) -> Option<Arc<Member>> {
        self.keyed.get()?.map.get(key)
    }

    /// Goes on where others stopped, for all that they know. Nobody may have asked these yet.
    #[cfg(feature = "config")]
    pub(super) fn resume(&self, former: &Self, settings: &Settings, alike: bool) {
        self.set_forced(former.forced());
        self.rest.resume(&former.rest, alike);
        let Some(known) = former.keyed.get() else { return };
        // Keys are found again under the same secret only.
        let keyed = || Keyed { seed: known.seed, map: KeyMap::new(self.max_keys) };
        self.keyed.get_or_init(keyed);
        for former in former.all_keyed() {
            if let Some((member, true)) = former.key.and_then(|key| self.of(key, settings)) {
                member.resume(&former, alike);
            }
        }
    }

    /// All of those with a key. They are collected first, as what is done to them must not be done under a lock.
    pub(super) fn all_keyed(&self) -> Vec<Arc<Member>> {
        let mut all = Vec::new();
        if let Some(keyed) = self.keyed.get() {
            keyed.map.for_each(|member| all.push(Arc::clone(member)));
        }
        all
    }

    pub(super) fn keys(&self) -> usize {
        self.keyed.get().map_or(0, |keyed| keyed.map.len())
    }

    pub(super) fn forced(&self) -> Forced {
        match self.forced.load(Ordering::Relaxed) {
            1 => Forced::Closed,
            2 => Forced::Open,
            _ => Forced::No,
        }
    }

    pub(super) fn set_forced(&self, forced: Forced) {
        self.forced.store(forced as u8, Ordering::Relaxed);
    }
}

impl Member {
    fn new(settings: &Settings, seed: Option<u64>, key: Option<Key>) -> Self {
        let seed = seed.unwrap_or_else(|| fastrand::u64(..));
        Self {
            circuit: Circuit::new(settings, seed),
            key,
            gauges: OnceLock::new(),
            #[cfg(feature = "config")]
            began: OnceLock::new(),
        }
    }

    /// Counts it among those that are closed, as all are at first, until it is dropped.
    pub(super) fn count_in(&self, gauges: &[Gauge; 3]) {
        self.gauges.get_or_init(|| {
            gauges[self.began() as usize].increment(1.0);
            gauges.clone()
        });
    }
}

impl Member {
    #[cfg(feature = "config")]
    fn began(&self) -> State {
        self.began.get().copied().unwrap_or_default()
    }

    #[cfg(not(feature = "config"))]
    fn began(&self) -> State {
        State::Closed
    }

    /// Goes on where another stopped: see [`Machine::resume`](super::state::Machine::resume).
    #[cfg(feature = "config")]
    fn resume(&self, former: &Self, alike: bool) {
        former.circuit.locked(|former| {
            self.circuit.locked(|machine| machine.resume(former, alike));
        });
        let _ = self.began.set(self.circuit.state());
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if let Some(gauges) = self.gauges.get() {
            gauges[self.circuit.state() as usize].decrement(1.0);
        }
    }
}

impl Evictable for Member {
    fn may_go(&self) -> bool {
        self.circuit.is_at_rest()
    }
}
