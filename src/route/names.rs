use std::{
    fmt,
    hash::BuildHasher,
    iter,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use rustc_hash::FxBuildHasher;

/// Values by name. Names are only ever added, up to a capacity.
///
/// To find one takes no lock and writes nothing. Names are hashed fast and by no secret: clients may ask for names that collide,
/// but the names that are there are the program's.
pub(crate) struct Names<T> {
    first: Table<T>,
    /// How many there are. Held while one is added.
    count: Mutex<usize>,
    capacity: usize,
}

/// Open addressing with linear probing. Nothing is ever moved or taken out: what comes when it is half full goes to the next.
struct Table<T> {
    slots: Box<[OnceLock<Named<T>>]>,
    /// Twice as large.
    next: OnceLock<Box<Table<T>>>,
}

struct Named<T> {
    name: Arc<str>,
    value: T,
}

/// A power of two, with room for the routes of most programs.
const FIRST_SLOTS: usize = 64;

impl<T> Names<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { first: Table::new(FIRST_SLOTS), count: Mutex::new(0), capacity }
    }

    /// The value of a name, if it is known.
    #[inline]
    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        let hash = hash(name);
        let mut table = &self.first;
        loop {
            if let Some(named) = table.slot(hash, name).get() {
                return Some(&named.value);
            }
            table = table.next.get()?;
        }
    }

    /// The value of a name, made now if it is new; `None` if it is and there is no room for it.
    #[inline]
    pub(crate) fn get_or_add(&self, name: &str, make: impl FnOnce(&Arc<str>) -> T) -> Option<&T> {
        self.get(name).or_else(|| self.add(name, make))
    }

    /// All of them, in no order.
    #[cfg(any(feature = "cache", feature = "profile"))]
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.all().map(|named| &named.value)
    }

    #[cold]
    fn add(&self, name: &str, make: impl FnOnce(&Arc<str>) -> T) -> Option<&T> {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been first.
        let known = self.get(name);
        if known.is_some() || *count >= self.capacity {
            return known;
        }
        let mut table = &self.first;
        let mut full_at = table.slots.len() / 2;
        while *count >= full_at {
            table = table.next.get_or_init(|| Box::new(Table::new(table.slots.len() * 2)));
            full_at += table.slots.len() / 2;
        }
        *count += 1;
        let name = Arc::from(name);
        let slot = table.slot(hash(&name), &name);
        Some(&slot.get_or_init(|| Named { value: make(&name), name }).value)
    }

    fn all(&self) -> impl Iterator<Item = &Named<T>> {
        let tables =
            iter::successors(Some(&self.first), |table| table.next.get().map(|next| &**next));
        tables.flat_map(|table| &table.slots).filter_map(OnceLock::get)
    }
}

impl<T> Table<T> {
    fn new(slots: usize) -> Self {
        Self { slots: (0..slots).map(|_| OnceLock::new()).collect(), next: OnceLock::new() }
    }

    /// The slot that has the name, or the one that it would get. There always is one, as half of them are empty.
    #[inline]
    fn slot(&self, hash: usize, name: &str) -> &OnceLock<Named<T>> {
        let mut at = hash;
        loop {
            let slot = &self.slots[at & (self.slots.len() - 1)];
            match slot.get() {
                Some(named) if *named.name != *name => at = at.wrapping_add(1),
                _ => return slot,
            }
        }
    }
}

#[inline]
fn hash(name: &str) -> usize {
    FxBuildHasher.hash_one(name) as usize
}

impl<T> fmt::Debug for Names<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.all().map(|named| &named.name).collect();
        f.debug_struct("Names").field("known", &names).field("capacity", &self.capacity).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn names_are_found_again_however_many_there_are() {
        let names = Names::new(usize::MAX);
        for n in 0..10_000 {
            assert_eq!(names.get_or_add(&n.to_string(), |_| n), Some(&n));
        }
        for n in 0..10_000 {
            assert_eq!(names.get_or_add(&n.to_string(), |_| unreachable!()), Some(&n));
        }
        assert_eq!((names.get("10000"), names.all().count()), (None, 10_000));
    }

    #[test]
    fn what_comes_when_there_is_no_room_is_not_known() {
        let names = Names::new(100);
        for n in 0..1_000 {
            let found = names.get_or_add(&n.to_string(), |_| n).copied();
            assert_eq!(found, (n < 100).then_some(n));
        }
        assert_eq!(names.all().count(), 100);
    }

    #[test]
    fn threads_that_add_the_same_names_get_the_same_values() {
        let names = Names::new(usize::MAX);
        let all = || -> Vec<_> {
            let add = |n: usize| Arc::clone(names.get_or_add(&n.to_string(), Arc::clone).unwrap());
            (0..2_000).map(add).collect()
        };
        let [a, b] = thread::scope(|scope| {
            [scope.spawn(all), scope.spawn(all)].map(|thread| thread.join().unwrap())
        });
        assert!(a.iter().zip(&b).all(|(a, b)| Arc::ptr_eq(a, b)));
        assert_eq!(names.all().count(), 2_000);
    }
}
