//! Several policies, decided and charged together.

use smallvec::SmallVec;

use super::{
    gcra::{Gcra, Verdict},
    limiter::ActivePolicy,
    table::{Charge, Table},
};
use crate::{clock::Timestamp, key::Key};

/// What all policies say of one request.
#[derive(Debug)]
pub(super) struct Decision {
    /// One for each policy, in their order.
    pub(super) standings: SmallVec<[Standing; 4]>,
    /// The place of the policy that refuses longest, if any does.
    pub(super) refused_by: Option<usize>,
    pub(super) changed_stats: bool,
}

/// How a key stands with one policy after a decision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) tat: u64,
    /// If the policy refuses: after how many nanoseconds it would not; `None` if it always will.
    pub(super) refusal: Option<Option<u64>>,
}

impl Decision {
    fn new(standings: SmallVec<[Standing; 4]>, changed_stats: bool) -> Self {
        let refusals = standings.iter().enumerate();
        let refusals = refusals.filter_map(|(at, standing)| Some((at, standing.refusal?)));
        // "Never" is longest.
        let longest = refusals.max_by_key(|(_, wait)| wait.unwrap_or(u64::MAX));
        Self { refused_by: longest.map(|(at, _)| at), standings, changed_stats }
    }

    /// If the request is refused: after how many nanoseconds it would pass; `None` if it never will.
    pub(super) fn refusal(&self) -> Option<Option<u64>> {
        self.standings[self.refused_by?].refusal
    }
}

/// Charges all policies if all allow it, and none otherwise.
///
/// A denial writes nothing. In a race, when a policy that would have allowed the request no longer does at the moment of the
/// charge, the charges already made are taken back. One that another request has built upon meanwhile stays: a denial
/// too many may follow, never a request too many. Charging the policy with least room first makes that rare, since it is
/// the one that runs out.
#[inline]
pub(super) fn decide(
    table: &Table,
    policies: &[ActivePolicy],
    now: Timestamp,
    key: Key,
    cost: u32,
) -> Decision {
    match policies {
        [policy] => {
            let charge = table.charge(policy.id(key), now, &policy.gcra, cost);
            let standing = Standing::from(charge);
            let mut standings = SmallVec::new();
            standings.push(standing);
            Decision {
                refused_by: standing.refusal.is_some().then_some(0),
                standings,
                changed_stats: charge.changed_stats(),
            }
        }
        policies => decide_together(table, policies, now, key, cost),
    }
}

fn decide_together(
    table: &Table,
    policies: &[ActivePolicy],
    now: Timestamp,
    key: Key,
    cost: u32,
) -> Decision {
    let mut standings: SmallVec<[Standing; 4]> = policies
        .iter()
        .map(|policy| {
            let tat = table.peek(policy.id(key));
            Standing::new(tat, policy.gcra.decide(now, tat, cost))
        })
        .collect();
    if standings.iter().any(|standing| standing.refusal.is_some()) {
        return Decision::new(standings, false);
    }

    let mut order: SmallVec<[usize; 4]> = (0..policies.len()).collect();
    let room = |gcra: &Gcra, tat| gcra.remaining(now, tat);
    order.sort_unstable_by_key(|&at| room(&policies[at].gcra, standings[at].tat));

    let mut changed_stats = false;
    let mut charged: SmallVec<[(usize, u64, u64); 4]> = SmallVec::new();
    for at in order {
        let policy = &policies[at];
        let charge = table.charge(policy.id(key), now, &policy.gcra, cost);
        changed_stats |= charge.changed_stats();
        standings[at] = charge.into();
        match charge {
            Charge::Allowed { before, after, .. } => charged.push((at, before, after)),
            Charge::Denied { .. } => {
                for (at, before, after) in charged {
                    table.undo(policies[at].id(key), before, after);
                    standings[at].tat = before;
                }
                break;
            }
        }
    }
    Decision::new(standings, changed_stats)
}

impl Standing {
    /// With the TAT as it was, and what the algorithm says of it.
    fn new(tat: u64, verdict: Verdict) -> Self {
        let refusal = match verdict {
            Verdict::Allowed { .. } => None,
            Verdict::Denied { wait } => Some(wait),
        };
        Self { tat, refusal }
    }
}

impl From<Charge> for Standing {
    fn from(charge: Charge) -> Self {
        match charge {
            Charge::Allowed { after, .. } => Self { tat: after, refusal: None },
            Charge::Denied { tat, wait } => Self { tat, refusal: Some(wait) },
        }
    }
}

impl Charge {
    fn changed_stats(&self) -> bool {
        matches!(self, Self::Allowed { changed_stats: true, .. })
    }
}
