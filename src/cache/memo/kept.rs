use std::time::Duration;

use crate::clock::{Timestamp, nanos};

/// A value, and how long it is good for.
#[derive(Clone, Debug)]
pub(super) struct Kept<V> {
    pub(super) value: V,
    /// Up to here it is fresh.
    pub(super) expires: Timestamp,
    /// Up to here it may be used while a new one is loaded; not before `expires`.
    pub(super) gone: Timestamp,
    /// From when it was kept until it is gone.
    pub(super) keep_for: Duration,
    /// How long it took to load.
    pub(super) cost: Duration,
    /// Bytes, or one.
    pub(super) weight: u32,
    /// It is good only as long as everything was forgotten so often.
    pub(super) clears: u64,
}

/// When a load began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Began {
    pub(super) at: Timestamp,
    /// How often everything had been forgotten by then.
    pub(super) clears: u64,
}

/// What a value is good for at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Fresh,
    /// It is fresh, but it is time to load the next.
    Due,
    /// It may be used while the next is loaded.
    Stale,
    Gone,
}

impl<V> Kept<V> {
    /// `lead` is how many times its cost before it expires it is to be loaded anew.
    pub(super) fn state(&self, now: Timestamp, lead: f64) -> State {
        // A product that is too large becomes the largest there is.
        let early = Duration::from_nanos((nanos(self.cost) as f64 * lead) as u64);
        if now >= self.gone {
            State::Gone
        } else if now >= self.expires {
            State::Stale
        } else if now.saturating_add(early) >= self.expires {
            State::Due
        } else {
            State::Fresh
        }
    }
}

/// How much earlier than it has to, in times the cost of a load, someone who asks just now is to load a value anew.
///
/// `XFetch`: exponentially distributed, so that among many who ask one comes a little early, and the more they are the less
/// (Vattani, Chierichetti, Lowenstein: Optimal Probabilistic Cache Stampede Prevention, VLDB 2015). `random` is from [0, 1).
pub(super) fn lead(beta: f64, random: f64) -> f64 {
    -beta * (1.0 - random).ln()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_nanos(0).saturating_add(SECOND * u32::try_from(seconds).unwrap())
    }

    /// Good for 100 s, and then for 20 s more; it took 2 s to load.
    fn kept() -> Kept<()> {
        Kept {
            value: (),
            expires: at(100),
            gone: at(120),
            keep_for: 120 * SECOND,
            cost: 2 * SECOND,
            weight: 1,
            clears: 0,
        }
    }

    #[test]
    fn a_value_is_fresh_then_stale_then_gone() {
        let states = [0, 99, 100, 119, 120, 1_000].map(|now| kept().state(at(now), 0.0));
        use State::{Fresh, Gone, Stale};
        assert_eq!(states, [Fresh, Fresh, Stale, Stale, Gone, Gone]);
    }

    #[test]
    fn a_value_is_due_so_many_times_its_cost_before_it_expires() {
        let states = [93, 94, 99, 100].map(|now| kept().state(at(now), 3.0));
        assert_eq!(states, [State::Fresh, State::Due, State::Due, State::Stale]);
    }

    #[test]
    fn one_that_cost_nothing_is_never_due() {
        let kept = Kept { cost: Duration::ZERO, ..kept() };
        assert_eq!(kept.state(at(99), f64::MAX), State::Fresh);
    }

    #[test]
    fn as_many_come_early_as_the_paper_says() {
        // P(lead > x) = e^(-x / beta): here x = 1, so e^(-1) of all at beta 1, e^(-2) at beta 1/2.
        let share = |beta| (0..1_000).filter(|n| lead(beta, f64::from(*n) / 1e3) > 1.0).count();
        assert_eq!((share(1.0), share(0.5)), (367, 135));
    }

    proptest! {
        #[test]
        fn nothing_is_too_large(now: u64, expires: u64, more: u64, cost: u64, beta in 0.0..f64::MAX, random in 0.0..1.0) {
            let expires = Timestamp::from_nanos(expires);
            let gone = expires.saturating_add(Duration::from_nanos(more));
            let kept = Kept { expires, gone, cost: Duration::from_nanos(cost), ..kept() };
            let state = kept.state(Timestamp::from_nanos(now), lead(beta, random));
            prop_assert_eq!(state == State::Gone, now >= gone.as_nanos());
            prop_assert_eq!(matches!(state, State::Fresh | State::Due), now < expires.as_nanos());
        }
    }
}
