use std::{
    fmt,
    sync::{Arc, Mutex, atomic::AtomicU8},
};

use arc_swap::{ArcSwap, Guard};

use super::{parts::Parts, reload::Read, source::From, stack::Stack};

/// What is enforced now, for all services of a weir, and what a reload needs.
pub(in crate::stack) struct Live {
    stack: ArcSwap<Stack>,
    pub(super) parts: Parts,
    pub(super) from: From,
    /// What the text was that was judged last. Whoever reloads holds it.
    pub(super) judged: Mutex<Judged>,
    pub(super) watching: AtomicU8,
    pub(super) read: Read,
}

/// A text that was read, and whether it could be applied.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) text: Vec<u8>,
    pub(super) good: bool,
}

impl Live {
    pub(super) fn new(stack: Stack, parts: Parts, from: From, text: Vec<u8>, read: Read) -> Self {
        Self {
            stack: ArcSwap::from_pointee(stack),
            parts,
            from,
            judged: Mutex::new(Judged { text, good: true }),
            watching: AtomicU8::default(),
            read,
        }
    }

    /// The present stack. It takes no lock and counts no references.
    #[inline]
    pub(in crate::stack) fn stack(&self) -> Guard<Arc<Stack>> {
        self.stack.load()
    }

    /// The next request meets this one.
    pub(super) fn swap(&self, stack: Stack) {
        self.stack.store(Arc::new(stack));
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("stack", &self.stack()).field("from", &self.from).finish()
    }
}
