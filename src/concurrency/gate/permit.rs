use std::{fmt, sync::Arc};

use super::Gate;

/// The right to be under way. Dropping it gives it back, and whoever is next in line gets it.
pub struct Permit {
    gate: Arc<Gate>,
    class: u32,
    given_back: bool,
}

impl Permit {
    #[inline(always)]
    pub(super) fn new(gate: Arc<Gate>, class: usize) -> Self {
        gate.meters().in_flight.increment(1.0);
        Self { gate, class: class as u32, given_back: false }
    }

    #[inline]
    pub(in crate::concurrency) fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// Gives it back now, once.
    #[inline]
    pub(in crate::concurrency) fn give_back(&mut self) {
        if !std::mem::replace(&mut self.given_back, true) {
            self.gate.meters().in_flight.decrement(1.0);
            self.gate.leave(self.class as usize);
        }
    }
}

impl Drop for Permit {
    #[inline]
    fn drop(&mut self) {
        self.give_back();
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("class", &self.class).finish_non_exhaustive()
    }
}
