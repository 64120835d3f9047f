//! Doubly linked lists through the entries of a slab: whatever leaves from the middle leaves in one step.

use slab::Slab;

/// The neighbours of an entry in one list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    before: usize,
    after: usize,
}

/// The ends of a list. Which link of an entry belongs to it is said with each call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    first: usize,
    last: usize,
}

const NONE: usize = usize::MAX;

/// Reads one of an entry's links.
type Of<N> = fn(&mut N) -> &mut Link;

impl Default for Link {
    fn default() -> Self {
        Self { before: NONE, after: NONE }
    }
}

#[cfg(feature = "batch")]
impl Link {
    /// What comes after it in the list.
    pub(crate) fn after(self) -> Option<usize> {
        (self.after != NONE).then_some(self.after)
    }
}

impl Default for List {
    fn default() -> Self {
        Self { first: NONE, last: NONE }
    }
}

impl List {
    pub(crate) fn first(&self) -> Option<usize> {
        (self.first != NONE).then_some(self.first)
    }

    #[cfg(feature = "concurrency")]
    pub(crate) fn last(&self) -> Option<usize> {
        (self.last != NONE).then_some(self.last)
    }

    pub(crate) fn push_back<N>(&mut self, entries: &mut Slab<N>, of: Of<N>, at: usize) {
        *of(&mut entries[at]) = Link { before: self.last, after: NONE };
        match self.last {
            NONE => self.first = at,
            last => of(&mut entries[last]).after = at,
        }
        self.last = at;
    }

    pub(crate) fn remove<N>(&mut self, entries: &mut Slab<N>, of: Of<N>, at: usize) {
        let Link { before, after } = std::mem::take(of(&mut entries[at]));
        match before {
            NONE => self.first = after,
            before => of(&mut entries[before]).after = after,
        }
        match after {
            NONE => self.last = before,
            after => of(&mut entries[after]).before = before,
        }
    }
}
