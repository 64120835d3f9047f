//! What a debt is changed by that was charged before its size was known.
//!
//! What was charged may be paid off by time in part before it is taken back. To take back all of it would pay that part twice:
//! a key that was charged again meanwhile could then pass once too often. Debts are paid off in the order in which they were
//! made, so the last cells of a standing are paid from when nothing but they is owed.

use crate::{clock::Timestamp, rate_limit::decision::Standing};

/// What one policy's debt becomes more or less by, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    More(u64),
    Less {
        back: u64,
        /// So much of what was charged time has paid off.
        paid: u64,
    },
}

impl Change {
    /// By so many cells, for a key that stood like this when it was charged last.
    pub(super) fn of(cells: i64, standing: &Standing, now: Timestamp) -> Self {
        let price = cells.unsigned_abs().saturating_mul(standing.gcra.interval);
        if cells >= 0 {
            return Self::More(price);
        }
        let paid_from = standing.tat.saturating_sub(price);
        let paid = now.as_nanos().saturating_sub(paid_from).min(price);
        Self::Less { back: price - paid, paid }
    }

    pub(super) fn paid(self) -> u64 {
        match self {
            Self::More(_) => 0,
            Self::Less { paid, .. } => paid,
        }
    }

    /// The TAT after it.
    pub(super) fn applied(self, tat: u64, now: Timestamp) -> u64 {
        match self {
            // The last number there is has another meaning in a table.
            Self::More(price) => tat.max(now.as_nanos()).saturating_add(price).min(u64::MAX - 1),
            Self::Less { back, .. } => tat.saturating_sub(back),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::rate_limit::{Conformance, Gcra, Quota};

    const SECOND: u64 = 1_000_000_000;

    /// Requests of a key with a burst of ten that reserve, and stay charged or not.
    #[derive(Clone, Debug)]
    enum Step {
        /// So many milliseconds pass.
        Pass(u64),
        Reserve(u32),
        Keep(usize),
        TakeBack(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..4_000_u64).prop_map(Step::Pass),
            (1..6_u32).prop_map(Step::Reserve),
            (0..8_usize).prop_map(Step::Keep),
            (0..8_usize).prop_map(Step::TakeBack),
        ]
    }

    proptest! {
        #[test]
        fn what_passes_beyond_a_burst_was_reserved_before(steps in vec(step(), 1..200)) {
            let gcra = Gcra::new(Quota::per_second(1).burst(10));
            let (mut now, mut tat) = (SECOND, 0);
            let mut under_way: Vec<(u32, usize, Standing)> = Vec::new();
            // In the order in which they passed: when, what was under way before, and what they are charged in the end.
            let mut passed: Vec<(u64, u64, u64)> = Vec::new();
            for step in steps {
                let at = Timestamp::from_nanos(now);
                match step {
                    Step::Pass(millis) => now += millis * 1_000_000,
                    Step::Reserve(cells) => {
                        let Conformance::Conforming { tat: after } = gcra.decide(at, tat, cells) else {
                            continue;
                        };
                        let held = under_way.iter().map(|(cells, ..)| u64::from(*cells)).sum();
                        tat = after;
                        under_way.push((cells, passed.len(), Standing::passed(gcra, tat)));
                        passed.push((now, held, 0));
                    }
                    Step::Keep(which) | Step::TakeBack(which) if which >= under_way.len() => {}
                    Step::Keep(which) => {
                        let (cells, place, _) = under_way.remove(which);
                        passed[place].2 = cells.into();
                    }
                    Step::TakeBack(which) => {
                        let (cells, _, standing) = under_way.remove(which);
                        tat = Change::of(-i64::from(cells), &standing, at).applied(tat, at);
                    }
                }
            }
            for (place, &(begin, held, _)) in passed.iter().enumerate() {
                let mut cells = 0;
                for (end, _, charged) in &passed[place..] {
                    cells += charged;
                    prop_assert!(cells * SECOND <= (10 + held) * SECOND + end - begin);
                }
            }
        }
    }

    /// As of a tenant with fifty requests under way at all times, all of which turn out to cost nothing.
    #[test]
    fn what_is_taken_back_in_its_order_leaves_nothing_behind() {
        let gcra = Gcra::new(Quota::per_second(1).burst(100));
        let (mut tat, mut under_way) = (0, VecDeque::new());
        for turn in 0..10_000 {
            let now = Timestamp::from_nanos(SECOND + turn * SECOND / 100);
            let Conformance::Conforming { tat: after } = gcra.decide(now, tat, 1) else {
                panic!("refused at {turn}");
            };
            tat = after;
            under_way.push_back(Standing::passed(gcra, tat));
            if under_way.len() == 50 {
                let first = under_way.pop_front().unwrap();
                tat = Change::of(-1, &first, now).applied(tat, now);
            }
        }
    }

    #[test]
    fn only_what_is_still_owed_comes_back() {
        let at = |seconds: u64| Timestamp::from_nanos(seconds * SECOND);
        // Three cells were charged at 100 s to a key that owed until 104 s: they are paid off from then on.
        let standing = Standing::passed(Gcra::new(Quota::per_second(1)), 107 * SECOND);
        let back = |now| match Change::of(-3, &standing, at(now)) {
            Change::Less { back, paid } if back + paid == 3 * SECOND => back / SECOND,
            change => panic!("{change:?}"),
        };
        assert_eq!([100, 104, 106, 107, 200].map(back), [3, 3, 1, 0, 0]);
        assert_eq!(Change::of(-3, &standing, at(106)).applied(110 * SECOND, at(106)), 109 * SECOND);
        assert_eq!(Change::of(2, &standing, at(200)).applied(110 * SECOND, at(200)), 202 * SECOND);
    }
}
