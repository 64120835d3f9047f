use std::{collections::HashMap, fmt, sync::Arc};

use arc_swap::ArcSwap;
use rustc_hash::FxBuildHasher;

/// Values by name. Names are only ever added, up to a capacity.
///
/// Reading takes no lock. A new name copies the map, which happens as often as there are names. They are hashed fast and by no
/// secret: clients may ask for names that collide, but the names that are there are the program's.
pub(crate) struct Names<T> {
    known: ArcSwap<Map<T>>,
    capacity: usize,
}

type Map<T> = HashMap<Arc<str>, T, FxBuildHasher>;

impl<T: Clone> Names<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { known: ArcSwap::default(), capacity }
    }

    /// The value of a name, if it is known.
    #[inline]
    pub(crate) fn get(&self, name: &str) -> Option<T> {
        self.known.load().get(name).cloned()
    }

    /// The value of a name, made now if it is new; `None` if it is and there is no room for it.
    #[inline]
    pub(crate) fn get_or_add(&self, name: &str, make: impl FnOnce(&Arc<str>) -> T) -> Option<T> {
        self.get(name).or_else(|| self.add(name, make))
    }

    /// All of them, in no order.
    #[cfg(feature = "profile")]
    pub(crate) fn values(&self) -> Vec<T> {
        self.known.load().values().cloned().collect()
    }

    #[cold]
    fn add(&self, name: &str, make: impl FnOnce(&Arc<str>) -> T) -> Option<T> {
        if self.known.load().len() >= self.capacity {
            return None;
        }
        let name = Arc::<str>::from(name);
        let value = make(&name);
        self.known.rcu(|known| {
            let mut known = Map::clone(known);
            if known.len() < self.capacity {
                // Another thread may have been first.
                known.entry(Arc::clone(&name)).or_insert_with(|| value.clone());
            }
            known
        });
        self.get(&name)
    }
}

impl<T> fmt::Debug for Names<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.known.load();
        let names: Vec<_> = known.keys().collect();
        f.debug_struct("Names").field("known", &names).field("capacity", &self.capacity).finish()
    }
}
