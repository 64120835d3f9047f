use std::{
    borrow::Borrow,
    collections::{HashMap, hash_map::RandomState},
    fmt,
    hash::{BuildHasher, Hash},
    sync::{Arc, PoisonError},
};

use super::{Follower, Leader, under_way::UnderWay};
use crate::sync::{Mutex, MutexGuard};

/// All flights that are under way, by key. Clones are the same flights.
///
/// Keys are hashed under a secret, and compared: two keys never share a flight. `T` is what flights land with, `B` what a
/// leader that gives up leaves for the next.
pub(crate) struct Flights<K, T, B = ()>(Arc<Table<K, T, B>>);

/// What becomes of whoever wants a result.
#[derive(Debug)]
#[must_use]
pub(crate) enum Joined<K, T, B = ()> {
    /// Does the work.
    Leads(Leader<K, T, B>),
    /// Waits for it.
    Follows(Follower<K, T, B>),
    /// The flight has landed with this, but is not over: there is a [`Landing`](super::Landing) still.
    Landed(T),
}

pub(super) struct Table<K, T, B> {
    shards: Box<[Mutex<Shard<K, T, B>>]>,
    hasher: RandomState,
}

type Shard<K, T, B> = HashMap<K, Arc<UnderWay<K, T, B>>, RandomState>;

/// As many as there may be threads that ask at the same time, and some more.
#[cfg(not(weir_loom))]
const SHARDS: usize = 64;
#[cfg(weir_loom)]
const SHARDS: usize = 1;

impl<K, T, B> Flights<K, T, B> {
    pub(crate) fn new() -> Self {
        let hasher = RandomState::new();
        let shard = |_| Mutex::new(HashMap::with_hasher(hasher.clone()));
        let shards = (0..SHARDS).map(shard).collect();
        Self(Arc::new(Table { shards, hasher }))
    }

    /// How many are under way.
    pub(crate) fn len(&self) -> usize {
        self.0.shards.iter().map(|shard| lock(shard).len()).sum()
    }
}

impl<K: Clone + Eq + Hash, T, B> Flights<K, T, B> {
    /// Joins the flight for `key`, or begins it.
    pub(crate) fn join(&self, key: K) -> Joined<K, T, B>
    where
        T: Clone,
    {
        let shard = self.0.shard(&key);
        if let Some(flight) = shard.get(&key).map(Arc::clone) {
            if let Some(landed) = flight.landed() {
                drop(shard);
                return Joined::Landed(landed.clone());
            }
            if let Some(ticket) = flight.board() {
                return Joined::Follows(Follower::new(flight, ticket));
            }
            // It is over, and whoever ended it is about to take it out.
        }
        Joined::Leads(self.begin(shard, key))
    }

    /// Leads, if there is no flight for `key`.
    pub(crate) fn lead(&self, key: K) -> Option<Leader<K, T, B>> {
        let shard = self.0.shard(&key);
        let is_free = shard.get(&key).is_none_or(|flight| flight.is_over());
        is_free.then(|| self.begin(shard, key))
    }

    fn begin(&self, mut shard: MutexGuard<'_, Shard<K, T, B>>, key: K) -> Leader<K, T, B> {
        let flight = Arc::new(UnderWay::new(key.clone(), Arc::clone(&self.0), Table::remove));
        let over = shard.insert(key, Arc::clone(&flight));
        drop(shard);
        drop(over);
        Leader::new(flight)
    }

    /// Sees to it that the result of what is under way for `key` is not stored, as it may be out of date. Those who follow get
    /// it still, as they asked before; whoever joins from now on begins another flight.
    ///
    /// Waits for who is storing the result just now.
    pub(crate) fn spoil<Q>(&self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let flight = self.0.shard(key).get(key).map(Arc::clone);
        if let Some(flight) = flight {
            flight.write_off();
        }
    }

    /// [Spoils](Self::spoil) all that is under way.
    pub(crate) fn spoil_all(&self) {
        for shard in &self.0.shards {
            let flights: Vec<_> = lock(shard).values().map(Arc::clone).collect();
            flights.iter().for_each(UnderWay::write_off);
        }
    }
}

impl<K: Eq + Hash, T, B> Table<K, T, B> {
    fn shard<Q: Hash + ?Sized>(&self, key: &Q) -> MutexGuard<'_, Shard<K, T, B>> {
        // Bits from the middle: the maps within use the lowest and the highest.
        let at = (self.hasher.hash_one(key) >> 32) as usize % self.shards.len();
        lock(&self.shards[at])
    }

    /// Takes a flight out, unless another has its place already.
    fn remove(flight: &Arc<UnderWay<K, T, B>>) {
        let mut shard = flight.table.shard(&flight.key);
        match shard.remove_entry(&flight.key) {
            Some((key, other)) if !Arc::ptr_eq(&other, flight) => drop(shard.insert(key, other)),
            removed => {
                drop(shard);
                drop(removed);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What may panic under this lock, a key's `Hash`, `Eq` and `Clone`, does so before anything changes.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K, T, B> Clone for Flights<K, T, B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, T, B> fmt::Debug for Flights<K, T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights").field("len", &self.len()).finish_non_exhaustive()
    }
}
