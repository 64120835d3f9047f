use std::{
    collections::{
        BTreeSet,
        hash_map::{Entry, RandomState},
    },
    hash::{BuildHasher, Hash},
};

use rustc_hash::FxHashMap;
use slab::Slab;
use smallvec::SmallVec;

use crate::{clock::Timestamp, list::List};

/// The partitions that have items, by key and in the order in which they are due.
pub(super) struct Partitions<K> {
    open: Slab<Partition<K>>,
    /// By the hashes of their keys, so that nothing of the user's is called when one goes.
    by_hash: FxHashMap<u64, SmallVec<[usize; 1]>>,
    hasher: RandomState,
    /// When each is due, or was, and which.
    agenda: BTreeSet<(Place, usize)>,
    turns: u64,
}

/// The items of one key, and when the next batch of them leaves.
pub(super) struct Partition<K> {
    pub(super) key: K,
    hash: u64,
    pub(super) items: List,
    pub(super) load: Load,
    place: Place,
}

/// A place on the agenda. Those that are due take turns: one that has had its turn comes after all others of the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    due: Timestamp,
    turn: u64,
}

/// How much waits in a partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) items: usize,
    /// Exact, however many and heavy they are.
    pub(super) weight: u128,
    /// When the first is wanted that says so. Not later than it is: one that has left may still count.
    pub(super) deadline: Option<Timestamp>,
    /// For what came until then nothing more is waited for.
    pub(super) flushed: Timestamp,
}

impl<K> Partitions<K> {
    pub(super) fn new() -> Self {
        Self {
            open: Slab::new(),
            by_hash: FxHashMap::default(),
            hasher: RandomState::new(),
            agenda: BTreeSet::new(),
            turns: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn get(&self, at: usize) -> &Partition<K> {
        &self.open[at]
    }

    pub(super) fn get_mut(&mut self, at: usize) -> &mut Partition<K> {
        &mut self.open[at]
    }

    /// The one that is due first, and when.
    pub(super) fn first(&self) -> Option<(Timestamp, usize)> {
        self.agenda.first().map(|(place, at)| (place.due, *at))
    }

    /// Moves one on the agenda, unless it is there already.
    pub(super) fn set_due(&mut self, at: usize, due: Timestamp) {
        if self.open[at].place.due != due {
            self.line_up(at, due);
        }
    }

    /// Moves one on the agenda, behind all others of that time.
    pub(super) fn line_up(&mut self, at: usize, due: Timestamp) {
        let place = self.place(due);
        self.agenda.remove(&(self.open[at].place, at));
        self.agenda.insert((place, at));
        self.open[at].place = place;
    }

    fn place(&mut self, due: Timestamp) -> Place {
        self.turns += 1;
        Place { due, turn: self.turns }
    }

    /// Moves one on the agenda unless it is due already, and so has its turn.
    pub(super) fn reconsider(&mut self, at: usize, due: Timestamp, now: Timestamp) -> usize {
        if self.open[at].place.due > now {
            self.set_due(at, due);
        }
        at
    }

    pub(super) fn flush(&mut self, now: Timestamp) {
        for (_, partition) in &mut self.open {
            partition.load.flushed = now;
            partition.place.due = partition.place.due.min(now);
        }
        self.agenda = self.open.iter().map(|(at, partition)| (partition.place, at)).collect();
    }
}

impl<K: Eq + Hash> Partitions<K> {
    pub(super) fn hash(&self, key: &K) -> u64 {
        self.hasher.hash_one(key)
    }

    pub(super) fn find(&self, hash: u64, key: &K) -> Option<usize> {
        self.by_hash.get(&hash)?.iter().copied().find(|at| self.open[*at].key == *key)
    }
}

impl<K> Partitions<K> {
    pub(super) fn open(&mut self, hash: u64, key: K, due: Timestamp) -> usize {
        let place = self.place(due);
        let (items, load) = (List::default(), Load::default());
        let at = self.open.insert(Partition { key, hash, items, load, place });
        self.by_hash.entry(hash).or_default().push(at);
        self.agenda.insert((place, at));
        at
    }

    pub(super) fn close(&mut self, at: usize) -> K {
        let Partition { key, hash, place, .. } = self.open.remove(at);
        self.agenda.remove(&(place, at));
        if let Entry::Occupied(mut of_hash) = self.by_hash.entry(hash) {
            of_hash.get_mut().retain(|other| *other != at);
            if of_hash.get().is_empty() {
                of_hash.remove();
            }
        }
        key
    }
}

impl Load {
    pub(super) fn with(self, weight: u64, deadline: Option<Timestamp>) -> Self {
        Self {
            items: self.items + 1,
            weight: self.weight + u128::from(weight),
            deadline: earlier(self.deadline, deadline),
            ..self
        }
    }

    pub(super) fn without(self, weight: u64) -> Self {
        Self { items: self.items - 1, weight: self.weight - u128::from(weight), ..self }
    }
}

pub(super) fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
