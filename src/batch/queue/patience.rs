use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use crate::{
    batch::{Forming, Linger},
    clock::{Timestamp, nanos},
};

/// A [`Linger`] that may panic, and need not care for deadlines.
///
/// One that has panicked is not asked again, and nothing waits any more.
pub(super) struct Patience {
    linger: Option<Box<dyn Linger>>,
    /// How long calls took lately, if the linger does not know better.
    typical: Option<Duration>,
}

impl Patience {
    pub(super) fn new(linger: Box<dyn Linger>) -> Self {
        Self { linger: Some(linger), typical: None }
    }

    /// Until when a batch waits: no longer than its call could be over by the deadline.
    pub(super) fn until(
        &mut self,
        forming: &Forming,
        deadline: Option<Timestamp>,
        now: Timestamp,
    ) -> Timestamp {
        let until = self.ask(|linger| linger.until(forming, now)).unwrap_or(now);
        let Some(deadline) = deadline else { return until };
        let takes = self.takes(forming.size).map_or(0, nanos);
        until.min(Timestamp::from_nanos(deadline.as_nanos().saturating_sub(takes)))
    }

    pub(super) fn arrived(&mut self, now: Timestamp) {
        self.ask(|linger| linger.arrived(now));
    }

    pub(super) fn sent(&mut self, size: usize, now: Timestamp) {
        self.ask(|linger| linger.sent(size, now));
    }

    pub(super) fn ended(&mut self, size: usize, took: Duration) {
        // By an eighth, as the round trips of TCP are smoothed (RFC 6298 section 2).
        self.typical =
            Some(self.typical.map_or(took, |typical| (typical * 7).saturating_add(took) / 8));
        self.ask(|linger| linger.ended(size, took));
    }

    pub(super) fn failed(&mut self, size: usize) {
        self.ask(|linger| linger.failed(size));
    }

    /// How long a call for so many items presumably takes.
    pub(super) fn takes(&mut self, size: usize) -> Option<Duration> {
        self.ask(|linger| linger.takes(size)).flatten().or(self.typical)
    }

    /// What was panicking under the lock of a queue would leave items behind that nobody answers.
    fn ask<T>(&mut self, question: impl FnOnce(&mut dyn Linger) -> T) -> Option<T> {
        let linger = self.linger.as_deref_mut()?;
        let answer = catch_unwind(AssertUnwindSafe(|| question(linger)));
        if answer.is_err() {
            tracing::error!(
                "the linger of a batch panicked: nothing waits for more items any more"
            );
            self.linger = None;
        }
        answer.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Fixed;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_batch_leaves_in_time_for_a_call_as_long_as_they_are() {
        let mut patience = Patience::new(Box::new(Fixed::new(20 * MS)));
        let now = Timestamp::from_nanos(0).saturating_add(100 * MS);
        let forming = Forming::new(8, now);
        assert_eq!(patience.until(&forming, None, now), now.saturating_add(20 * MS));
        let deadline = Some(now.saturating_add(10 * MS));
        assert_eq!(patience.until(&forming, deadline, now), now.saturating_add(10 * MS));
        patience.ended(3, 4 * MS);
        assert_eq!(patience.until(&forming, deadline, now), now.saturating_add(6 * MS));
        (0..100).for_each(|_| patience.ended(3, 40 * MS));
        let late = patience.until(&forming, deadline, now);
        assert!(late <= now, "it will be late, and not later than it must");
    }

    /// Panics at each question.
    struct Broken;

    impl Linger for Broken {
        fn until(&mut self, _: &Forming, _: Timestamp) -> Timestamp {
            panic!("no idea");
        }
    }

    #[test]
    fn one_that_panics_is_not_asked_again() {
        let mut patience = Patience::new(Box::new(Broken));
        let now = Timestamp::from_nanos(1);
        assert_eq!(patience.until(&Forming::new(8, now), None, now), now);
        assert!(patience.linger.is_none());
        assert_eq!(patience.until(&Forming::new(8, now), None, now), now);
    }
}
