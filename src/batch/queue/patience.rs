use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use crate::{
    batch::{Forming, Linger},
    clock::Timestamp,
};

/// A [`Linger`] that may panic: it is not asked again then, and nothing waits any more.
pub(super) struct Patience(Option<Box<dyn Linger>>);

impl Patience {
    pub(super) fn new(linger: Box<dyn Linger>) -> Self {
        Self(Some(linger))
    }

    pub(super) fn until(&mut self, forming: &Forming, now: Timestamp) -> Timestamp {
        self.ask(|linger| linger.until(forming, now)).unwrap_or(now)
    }

    pub(super) fn arrived(&mut self, now: Timestamp) {
        self.ask(|linger| linger.arrived(now));
    }

    pub(super) fn ended(&mut self, size: usize, took: Duration) {
        self.ask(|linger| linger.ended(size, took));
    }

    pub(super) fn takes(&mut self, size: usize) -> Option<Duration> {
        self.ask(|linger| linger.takes(size)).flatten()
    }

    /// What was panicking under the lock of a queue would leave items behind that nobody answers.
    fn ask<T>(&mut self, question: impl FnOnce(&mut dyn Linger) -> T) -> Option<T> {
        let linger = self.0.as_deref_mut()?;
        let answer = catch_unwind(AssertUnwindSafe(|| question(linger)));
        if answer.is_err() {
            tracing::error!(
                "the linger of a batch panicked: nothing waits for more items any more"
            );
            self.0 = None;
        }
        answer.ok()
    }
}
