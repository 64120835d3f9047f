//! Values by key, of which there are only so many.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rustc_hash::FxBuildHasher;

use super::Key;

/// Values by [`Key`], up to a capacity. When it is reached, values that nobody holds make room, those first that have not been
/// asked for lately. If all that were looked at are held, or want to stay, there is no room.
pub(crate) struct KeyMap<T> {
    shards: Box<[Mutex<Shard<T>>]>,
    /// Of each shard.
    capacity: usize,
}

/// What a [`KeyMap`] holds.
pub(crate) trait Evictable {
    /// Whether it may be forgotten now that nobody holds it.
    fn may_go(&self) -> bool;
}

struct Shard<T> {
    // Keys are hashes already, under a secret.
    slots: HashMap<Key, Slot<T>, FxBuildHasher>,
    /// All of them, those to be looked at next for making room in front (CLOCK; Corbató 1968).
    round: VecDeque<Key>,
}

struct Slot<T> {
    value: Arc<T>,
    /// Whether it was asked for since it was last looked at.
    asked: bool,
}

/// As many as there may be threads that ask at the same time, and some more.
const SHARDS: usize = 64;
/// How many are looked at to make room for one.
const LOOKS: usize = 16;

impl<T: Evictable> KeyMap<T> {
    /// At most `capacity` values, and one at least; above 64 it is rounded up to a multiple of that.
    pub(crate) fn new(capacity: usize) -> Self {
        let shards = capacity.clamp(1, SHARDS);
        let shard = || Mutex::new(Shard { slots: HashMap::default(), round: VecDeque::new() });
        Self {
            shards: (0..shards).map(|_| shard()).collect(),
            capacity: capacity.max(1).div_ceil(shards),
        }
    }

    /// The value of a key, made now if it is new; `None` if it is and there is no room for it.
    pub(crate) fn get_or_add(&self, key: Key, make: impl FnOnce() -> T) -> Option<Arc<T>> {
        let mut shard = self.shard(key);
        if let Some(slot) = shard.slots.get_mut(&key) {
            slot.asked = true;
            return Some(Arc::clone(&slot.value));
        }
        if shard.slots.len() >= self.capacity && !shard.make_room() {
            return None;
        }
        let value = Arc::new(make());
        shard.slots.insert(key, Slot { value: Arc::clone(&value), asked: false });
        shard.round.push_back(key);
        Some(value)
    }

    /// The value of a key, if it is known.
    #[cfg(any(test, feature = "circuit-breaker"))]
    pub(crate) fn get(&self, key: Key) -> Option<Arc<T>> {
        self.shard(key).slots.get(&key).map(|slot| Arc::clone(&slot.value))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).slots.len()).sum()
    }

    /// Calls `visit` with every value.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(&Arc<T>)) {
        for shard in &self.shards {
            lock(shard).slots.values().for_each(|slot| visit(&slot.value));
        }
    }

    fn shard(&self, key: Key) -> MutexGuard<'_, Shard<T>> {
        // The upper bits: the map within uses the lower ones.
        let at = (u128::from(key.bits()) * self.shards.len() as u128) >> 64;
        lock(&self.shards[at as usize])
    }
}

impl<T: Evictable> Shard<T> {
    fn make_room(&mut self) -> bool {
        for _ in 0..LOOKS.min(self.round.len()) {
            let Some(key) = self.round.pop_front() else { return false };
            let Some(slot) = self.slots.get_mut(&key) else { continue };
            // Whoever holds one got it under this lock, so none is taken away from under anyone.
            let held = Arc::strong_count(&slot.value) > 1;
            if std::mem::take(&mut slot.asked) || held || !slot.value.may_go() {
                self.round.push_back(key);
            } else {
                self.slots.remove(&key);
                return true;
            }
        }
        false
    }
}

fn lock<T>(shard: &Mutex<Shard<T>>) -> MutexGuard<'_, Shard<T>> {
    // A panic in `make` has changed nothing yet.
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> fmt::Debug for KeyMap<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyMap")
            .field("capacity", &(self.shards.len() * self.capacity))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::key::KeySeed;

    /// May go when it says so.
    struct Value(AtomicBool);

    impl Evictable for Value {
        fn may_go(&self) -> bool {
            self.0.load(Ordering::Relaxed)
        }
    }

    fn value() -> Value {
        Value(AtomicBool::new(true))
    }

    fn key(n: u32) -> Key {
        KeySeed::fixed([1, 2]).key(&n)
    }

    #[test]
    fn a_key_keeps_its_value() {
        let map = KeyMap::new(100);
        let first = map.get_or_add(key(1), value).unwrap();
        assert!(Arc::ptr_eq(&first, &map.get_or_add(key(1), || unreachable!()).unwrap()));
        assert!(Arc::ptr_eq(&first, &map.get(key(1)).unwrap()));
        assert!(map.get(key(2)).is_none());
        assert_eq!(map.len(), 1);
    }

    #[test]
    fn however_many_come_there_are_no_more_than_the_capacity() {
        let map = KeyMap::new(256);
        for n in 0..100_000 {
            assert!(map.get_or_add(key(n), value).is_some());
        }
        assert_eq!(map.len(), 256);
        let mut seen = 0;
        map.for_each(|_| seen += 1);
        assert_eq!(seen, 256);
    }

    #[test]
    fn those_that_are_held_or_want_to_stay_stay() {
        let map = KeyMap::new(2);
        let mut held = Vec::new();
        for n in 0..1_000 {
            held.extend(map.get_or_add(key(n), value));
        }
        assert_eq!((held.len(), map.len()), (2, 2));
        held[0].0.store(false, Ordering::Relaxed);
        held.clear();
        let newcomers = (1_000..2_000).filter(|n| map.get_or_add(key(*n), value).is_some()).count();
        assert!((300..700).contains(&newcomers), "{newcomers}: one of two shards has no room");
    }

    #[test]
    fn what_was_asked_for_lately_goes_last() {
        let map = KeyMap::new(1);
        assert_eq!(map.shards.len(), 1);
        let map = KeyMap { capacity: 3, ..map };
        for n in 0..3 {
            map.get_or_add(key(n), value);
        }
        map.get_or_add(key(0), || unreachable!());
        map.get_or_add(key(3), value);
        assert!(map.get(key(0)).is_some() && map.get(key(1)).is_none());
    }
}
