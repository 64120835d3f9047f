use std::fmt;

use crate::{
    head::Head,
    key::KeySeed,
    sync::{AtomicU64, Ordering},
};

/// How many unsafe requests to each path have ended, so that nobody who comes after one of them joins a call from before it.
///
/// A table of a fixed size: paths that share a place in it begin calls anew more often than they had to, and that is all.
pub(super) struct Writes(Box<[AtomicU64]>);

const PLACES: usize = 1_024;

/// A place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(usize);

impl Writes {
    pub(super) fn new() -> Self {
        Self((0..PLACES).map(|_| AtomicU64::new(0)).collect())
    }

    /// The place of what a request is sent to: its path, as the client sent it, whatever the host is.
    pub(super) fn place(&self, head: &Head<'_>, seed: &KeySeed) -> Place {
        Place(seed.key(head.sent_uri().path()).bits() as usize % self.0.len())
    }

    /// How many have ended there.
    ///
    /// Whoever knows that one has ended, as it has its answer, sees it counted here too: what happens to one atomic has one
    /// order, which no thread sees otherwise.
    pub(super) fn ended(&self, place: Place) -> u64 {
        self.0[place.0].load(Ordering::Relaxed)
    }

    /// One has ended there.
    pub(super) fn end(&self, place: Place) {
        self.0[place.0].fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Writes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writes").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn places_are_those_of_paths_and_nothing_else() {
        let (writes, seed) = (Writes::new(), KeySeed::fixed([1, 2]));
        let place =
            |uri: &str| writes.place(&Head::of(&Request::get(uri).body(()).unwrap()), &seed);
        assert_eq!(place("/a?b=c"), place("http://host/a"));
        assert_ne!(place("/a"), place("/b"));
        writes.end(place("/a"));
        assert_eq!((writes.ended(place("/a")), writes.ended(place("/b"))), (1, 0));
    }
}
