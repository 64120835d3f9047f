//! What a store says, in the words of a limit of our own.

use smallvec::SmallVec;

use super::store::{Action, Ask, Outcome, Terms};
use crate::{
    clock::Timestamp,
    key::SharedKey,
    rate_limit::{
        Gcra,
        decision::{Decision, Standing},
        limiter::ActivePolicy,
    },
};

/// By what each policy judges a request.
pub(super) type Gcras = SmallVec<[Gcra; 2]>;

/// What is to be asked about a key.
pub(super) fn ask(
    key: SharedKey,
    policies: &[ActivePolicy],
    gcras: &[Gcra],
    action: Action,
) -> Ask {
    let terms = policies.iter().zip(gcras);
    let terms = terms.map(|(active, gcra)| Terms::new(active.policy.shared_name(), *gcra));
    Ask::new(key, terms, action)
}

/// What an answer that came at `now` means. `None` if it is not one to what was asked.
pub(super) fn decision(gcras: &[Gcra], outcome: &Outcome, now: Timestamp) -> Option<Decision> {
    if outcome.standings.len() != gcras.len() {
        return None;
    }
    let standings = gcras.iter().zip(&outcome.standings).map(|(gcra, told)| {
        // No key's TAT is the last number there is: see `Gcra::charged`.
        let tat = now.as_nanos().saturating_add(told.reset).min(u64::MAX - 1);
        match told.retry {
            0 => Standing::passed(*gcra, tat),
            retry => Standing::refused(*gcra, tat, Some(retry)),
        }
    });
    Some(Decision::new(standings.collect(), false))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{super::store::Standing as Told, *};
    use crate::rate_limit::Quota;

    #[test]
    fn a_refusal_says_how_long_and_by_whom() {
        let gcras = [Gcra::new(Quota::per_second(10)), Gcra::new(Quota::per_minute(60))];
        let allowed = Told { retry: 0, reset: 700_000_000 };
        let refused = Told { retry: 1_000, reset: 60_000_000_000 };
        let now = Timestamp::from_nanos(5);
        let outcome = Outcome { granted: 0, standings: [allowed, refused].into() };
        let decision = decision(&gcras, &outcome, now).unwrap();
        assert_eq!(decision.refused_by, Some(1));
        assert_eq!(decision.refusal(), Some(Some(1_000)));
        assert_eq!(gcras[0].remaining(now, decision.standings[0].tat), 3);
        assert_eq!(decision.standings[1].tat, now.as_nanos() + 60_000_000_000);
    }

    #[test]
    fn an_answer_to_something_else_is_none() {
        let gcras = [Gcra::new(Quota::per_second(10))];
        let outcome = Outcome { granted: 1, standings: Box::default() };
        let now = Timestamp::from_nanos(Duration::from_secs(1).as_nanos() as u64);
        assert!(decision(&gcras, &outcome, now).is_none());
    }
}
