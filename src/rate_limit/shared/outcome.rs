//! The arithmetic of a shared store, for all policies of a key at once: `src/redis/gcra.lua` does the same.

use smallvec::SmallVec;

use super::store::{Action, Outcome, Standing, Terms};
use crate::rate_limit::quota::LONGEST;

impl Terms {
    /// What so many cells take out of the tolerance, in nanoseconds.
    fn price(&self, cells: u32) -> u64 {
        self.interval.saturating_mul(cells.into()).min(LONGEST)
    }
}

impl Action {
    /// What becomes of a key that owes so many nanoseconds for each policy.
    ///
    /// A store that calculates elsewhere comes to the same.
    pub fn outcome(self, terms: &[Terms], debts: &[u64]) -> Outcome {
        let (Self::Check { cells: least }
        | Self::Peek { cells: least }
        | Self::Lease { least, .. }
        | Self::Charge { cells: least }
        | Self::Refund { cells: least }) = self;
        let retry = |(terms, debt): (&Terms, &u64)| {
            let price = terms.price(least);
            let beyond = debt.saturating_add(price).saturating_sub(terms.tolerance.max(price));
            if let Self::Refund { .. } = self { 0 } else { beyond }
        };
        let retries: SmallVec<[u64; 4]> = terms.iter().zip(debts).map(retry).collect();
        let free = terms.iter().zip(debts);
        let free = free.map(|(terms, debt)| terms.tolerance.saturating_sub(*debt) / terms.interval);
        let half = free.min().unwrap_or(0) / 2;
        let refuses = retries.iter().any(|retry| *retry > 0);
        let granted = match self {
            Self::Charge { cells } | Self::Refund { cells } => cells,
            _ if refuses => 0,
            Self::Lease { least, most } => most.min(half.try_into().unwrap_or(most)).max(least),
            Self::Check { cells } | Self::Peek { cells } => cells,
        };
        let standings = terms.iter().zip(debts).zip(retries).map(|((terms, debt), retry)| {
            let price = terms.price(granted);
            let reset = match self {
                Self::Peek { .. } => *debt,
                Self::Refund { .. } => debt.saturating_sub(price.saturating_sub(terms.paid)),
                _ => debt.saturating_add(price).min(LONGEST),
            };
            Standing { retry, reset }
        });
        Outcome { granted, standings: standings.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate_limit::{Gcra, Quota};

    const SECOND: u64 = 1_000_000_000;

    fn terms(quotas: &[Quota]) -> Vec<Terms> {
        quotas.iter().map(|quota| Terms::new(quota.to_string(), Gcra::new(*quota))).collect()
    }

    fn granted(action: Action, terms: &[Terms], debts: &[u64]) -> u32 {
        action.outcome(terms, debts).granted
    }

    #[test]
    fn all_policies_are_charged_or_none() {
        let terms = terms(&[Quota::per_second(10), Quota::per_minute(60)]);
        let check = Action::Check { cells: 5 };
        let passed = check.outcome(&terms, &[0, 0]);
        let resets = passed.standings.iter().map(|standing| standing.reset);
        assert_eq!((passed.granted, resets.collect()), (5, vec![SECOND / 2, 5 * SECOND]));
        let refused = check.outcome(&terms, &[0, 58 * SECOND]);
        let [first, second] = [0, 1].map(|at| refused.standings[at]);
        assert_eq!((refused.granted, first), (0, Standing { retry: 0, reset: 0 }));
        assert_eq!(second, Standing { retry: 3 * SECOND, reset: 58 * SECOND });
    }

    #[test]
    fn a_lease_leaves_half_to_others() {
        let terms = terms(&[Quota::per_second(100)]);
        let lease = |least, most, owed: u64| {
            granted(Action::Lease { least, most }, &terms, &[owed * SECOND / 100])
        };
        assert_eq!(lease(1, 20, 0), 20);
        assert_eq!(lease(1, 20, 60), 20);
        assert_eq!(lease(1, 20, 70), 15);
        assert_eq!(lease(1, 20, 99), 1);
        assert_eq!(lease(3, 20, 96), 3);
        assert_eq!(lease(3, 20, 98), 0);
        assert_eq!(lease(1, 20, 100), 0);
    }

    #[test]
    fn what_time_has_paid_off_is_not_taken_back() {
        let mut terms = terms(&[Quota::per_second(1)]);
        let refund = Action::Refund { cells: 3 };
        assert_eq!(refund.outcome(&terms, &[5 * SECOND]).standings[0].reset, 2 * SECOND);
        assert_eq!(refund.outcome(&terms, &[2 * SECOND]).standings[0].reset, 0);
        terms[0].paid = SECOND;
        assert_eq!(refund.outcome(&terms, &[5 * SECOND]).standings[0].reset, 3 * SECOND);
    }

    #[test]
    fn a_charge_asks_nobody_and_a_question_charges_nobody() {
        let terms = terms(&[Quota::per_second(1)]);
        let charge = Action::Charge { cells: 4 }.outcome(&terms, &[0]);
        assert_eq!((charge.granted, charge.standings[0].reset), (4, 4 * SECOND));
        let peek = Action::Peek { cells: 1 }.outcome(&terms, &[SECOND]);
        assert_eq!(
            (peek.granted, peek.standings[0]),
            (0, Standing { retry: SECOND, reset: SECOND })
        );
        let most = Action::Charge { cells: u32::MAX }.outcome(&terms, &[LONGEST]);
        assert_eq!(most.standings[0].reset, LONGEST);
    }
}
