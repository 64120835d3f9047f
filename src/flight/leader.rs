use std::{fmt, sync::Arc};

use super::under_way::UnderWay;

/// The right to do the work of a flight.
///
/// Dropped before it has landed, as when the work panics or is given up, it goes to the follower who has waited longest; if
/// there is none, the flight is over. Work that can go on in other hands goes along as a baton: [`Leader::pass`].
#[must_use = "dropped, it goes to one of those who follow"]
pub(crate) struct Leader<K, T, B = ()> {
    flight: Arc<UnderWay<K, T, B>>,
}

/// A flight that has landed: whoever joins gets a clone of what it landed with, until this is dropped.
#[must_use = "dropped, the flight is over"]
pub(crate) struct Landing<K, T, B = ()> {
    flight: Arc<UnderWay<K, T, B>>,
}

impl<K, T, B> Leader<K, T, B> {
    pub(super) fn new(flight: Arc<UnderWay<K, T, B>>) -> Self {
        Self { flight }
    }

    /// Gives all who follow, and all who join from now on, clones of `value`.
    pub(crate) fn land(self, value: T) -> Landing<K, T, B> {
        let landing = Landing { flight: Arc::clone(&self.flight) };
        self.flight.land(value);
        landing
    }

    /// As [`Leader::land`] with what `value` makes, if anybody follows; otherwise the flight is over, as nobody wants it.
    pub(crate) fn land_for_followers(self, value: impl FnOnce() -> T) -> Option<Landing<K, T, B>> {
        if self.flight.ends_alone() {
            return None;
        }
        Some(self.land(value()))
    }

    /// Leaves the work as it is to whoever leads next, or drops it if nobody follows.
    pub(crate) fn pass(self, baton: B) {
        self.flight.leave_baton(baton);
    }

    /// What the leader before has left of the work; `None` if this is the first, or that one had nothing to leave.
    pub(crate) fn take_over(&self) -> Option<B> {
        self.flight.take_baton()
    }

    /// Whether the result is out of date already: see [`Flights::spoil`](super::Flights::spoil).
    #[cfg(test)]
    pub(crate) fn is_spoiled(&self) -> bool {
        self.flight.is_spoiled()
    }

    /// Calls `store` unless the result is out of date; it cannot become so before `store` returns.
    ///
    /// `store` must not spoil this flight, which would wait for itself.
    pub(crate) fn unless_spoiled<R>(&self, store: impl FnOnce() -> R) -> Option<R> {
        self.flight.unless_spoiled(store)
    }

    /// How many follow.
    pub(crate) fn followers(&self) -> usize {
        self.flight.followers()
    }
}

#[cfg(test)]
impl<K, T, B> Landing<K, T, B> {
    /// What it has landed with.
    pub(crate) fn value(&self) -> &T {
        self.flight.landed().expect("a landing is made by landing")
    }

    /// Whether the result is out of date: see [`Flights::spoil`](super::Flights::spoil).
    pub(crate) fn is_spoiled(&self) -> bool {
        self.flight.is_spoiled()
    }

    /// As [`Leader::unless_spoiled`].
    pub(crate) fn unless_spoiled<R>(&self, store: impl FnOnce() -> R) -> Option<R> {
        self.flight.unless_spoiled(store)
    }
}

impl<K, T, B> Drop for Leader<K, T, B> {
    fn drop(&mut self) {
        if self.flight.landed().is_none() {
            self.flight.hand_over();
        }
    }
}

impl<K, T, B> Drop for Landing<K, T, B> {
    fn drop(&mut self) {
        self.flight.end();
    }
}

impl<K, T, B> fmt::Debug for Leader<K, T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leader").field("followers", &self.followers()).finish_non_exhaustive()
    }
}

impl<K, T, B> fmt::Debug for Landing<K, T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Landing").finish_non_exhaustive()
    }
}
