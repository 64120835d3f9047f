use super::{Permit, Terms, Waiter};
use crate::{clock::Timestamp, concurrency::Refusal, deadline::deadline, head::Head, key::Key};

/// Whoever asks to be let in, as far as it matters to a line.
#[derive(Clone, Copy, Debug)]
pub(in crate::concurrency) struct Ask {
    pub(in crate::concurrency) class: usize,
    /// With whom it shares a line.
    pub(in crate::concurrency) key: Key,
    pub(in crate::concurrency) deadline: Option<Timestamp>,
    pub(in crate::concurrency) now: Timestamp,
}

impl Ask {
    /// Someone who shares a line with all of its class who say no more of themselves.
    pub(in crate::concurrency) fn unkeyed(terms: &Terms, class: usize) -> Self {
        Self { class, key: terms.no_key, deadline: None, now: terms.clock.now() }
    }

    /// A request of a class.
    pub(in crate::concurrency) fn of(terms: &Terms, class: usize, head: &Head<'_>) -> Self {
        let now = terms.clock.now();
        let queue = terms.queue();
        let fair = queue.as_ref().and_then(|queue| queue.fair.as_ref());
        // Those without a key share a line.
        let key = fair.and_then(|fair| fair.key(head, &terms.seed).ok()).unwrap_or(terms.no_key);
        Self { class, key, deadline: deadline(head, now), now }
    }
}

/// What came of it.
#[derive(Debug)]
pub(in crate::concurrency) enum Entry {
    /// It is in, as one of so many.
    Admitted(Permit, u32),
    /// It stands in line.
    Waits(Waiter),
    Refused(Refusal),
}
