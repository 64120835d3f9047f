//! Several policies, decided and charged together.

use smallvec::SmallVec;

use super::{
    Quota,
    exceptions::Exceptions,
    gcra::{Conformance, Gcra},
    governed::Check,
    limiter::ActivePolicy,
    table::{Charge, Table},
};
use crate::{clock::Timestamp, key::Key};

/// What is asked of a limiter.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) now: Timestamp,
    pub(super) key: Key,
    pub(super) cost: u32,
    /// The quotas that hold for this request instead of the policies'.
    pub(super) tiers: &'a [Option<Quota>],
    /// Where the key may have others, which go before those.
    pub(super) exceptions: Option<&'a Exceptions>,
    /// What decides instead of the rule's own limiter.
    pub(super) governed: Option<&'a Check>,
}

/// What all policies say of one request.
#[derive(Debug)]
pub(super) struct Decision {
    /// One for each policy, in their order.
    pub(super) standings: SmallVec<[Standing; 4]>,
    /// The place of the policy that refuses longest, if any does.
    pub(super) refused_by: Option<usize>,
    pub(super) changed_stats: bool,
    /// The quota that another's limiter told. Boxed, since nearly all decisions are our own.
    pub(super) told: Option<Box<Quota>>,
}

/// How a key stands with one policy after a decision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) gcra: Gcra,
    pub(super) tat: u64,
    /// After how many nanoseconds the policy would not refuse: 0 if it does not, [`NEVER`] if it always will.
    wait: u64,
}

const NEVER: u64 = u64::MAX;

impl Decision {
    pub(super) fn new(standings: SmallVec<[Standing; 4]>, changed_stats: bool) -> Self {
        let refusals = standings.iter().enumerate();
        let refusals = refusals.filter(|(_, standing)| standing.refuses());
        let longest = refusals.max_by_key(|(_, standing)| standing.wait);
        Self { refused_by: longest.map(|(at, _)| at), standings, changed_stats, told: None }
    }

    /// By a single policy.
    pub(super) fn of_one(standing: Standing, changed_stats: bool) -> Self {
        let mut standings = SmallVec::new();
        standings.push(standing);
        Self { refused_by: standing.refuses().then_some(0), standings, changed_stats, told: None }
    }

    /// A decision of which no more is known than whether it is a refusal.
    pub(super) fn untold(refusal: Option<Option<u64>>) -> Self {
        // What it owes does not matter, as no quota is told.
        let standing = |wait| Standing::refused(Gcra::NONE, 0, wait);
        Self::new(refusal.map(standing).into_iter().collect(), false)
    }

    /// If the request is refused: after how many nanoseconds it would pass; `None` if it never will.
    pub(super) fn refusal(&self) -> Option<Option<u64>> {
        let wait = self.standings[self.refused_by?].wait;
        Some((wait != NEVER).then_some(wait))
    }
}

impl Ask<'_> {
    /// What a policy enforces for this request.
    #[inline]
    fn gcra(&self, at: usize, policy: &ActivePolicy) -> Gcra {
        // If any of them change while they are read, the version tells.
        let own = self.exceptions.and_then(|exceptions| exceptions.quota(self.key, at));
        match own.or_else(|| self.tiers.get(at).copied().flatten()) {
            Some(quota) => Self::of_tier(quota, policy),
            None => policy.terms.numbers(),
        }
    }

    #[cold]
    fn of_tier(quota: Quota, policy: &ActivePolicy) -> Gcra {
        Gcra::new(quota).slowed(policy.terms.multiplier())
    }
}

/// Charges all policies if all allow it, and none otherwise.
///
/// A denial writes nothing. In a race, when a policy that would have allowed the request no longer does at the moment of the
/// charge, the charges already made are taken back. One that another request has built upon meanwhile stays: a denial
/// too many may follow, never a request too many. Charging the policy with least room first makes that rare, since it is
/// the one that runs out.
pub(super) fn decide(table: &Table, policies: &[ActivePolicy], ask: Ask<'_>) -> Decision {
    match policies {
        [policy] => {
            let (gcra, charge) = charge_one(table, policy, ask);
            Decision::of_one(Standing::after(gcra, charge), charge.changed_stats())
        }
        policies => decide_together(table, policies, ask),
    }
}

/// [`decide`] for a single policy, with less to carry around.
#[inline(always)]
pub(super) fn charge_one(table: &Table, policy: &ActivePolicy, ask: Ask<'_>) -> (Gcra, Charge) {
    charge(table, policy, 0, ask, move |gcra, tat| gcra.decide(ask.now, tat, ask.cost))
}

/// What [`decide`] would say, with nothing charged, if `held` was charged before.
pub(super) fn preview(
    table: &Table,
    policies: &[ActivePolicy],
    ask: Ask<'_>,
    held: u32,
) -> Decision {
    let standing = |(at, policy): (usize, &ActivePolicy)| {
        let (gcra, tat) = peek(table, policy, at, ask);
        let tat = gcra.charged(ask.now, tat, held);
        match gcra.decide(ask.now, tat, ask.cost) {
            Conformance::Conforming { .. } => Standing::passed(gcra, tat),
            Conformance::NonConforming { wait } => Standing::refused(gcra, tat, wait),
        }
    };
    Decision::new(policies.iter().enumerate().map(standing).collect(), false)
}

/// Charges one policy what `conformance` says by its terms. Returns them too.
///
/// Whether they still hold is asked after the TAT was read that they are to judge. If debts have been converted to other terms
/// in between, the TAT has moved: so no debt is ever judged by terms that it was not converted to.
#[inline(always)]
fn charge(
    table: &Table,
    policy: &ActivePolicy,
    at: usize,
    ask: Ask<'_>,
    conformance: impl Fn(&Gcra, u64) -> Conformance + Copy,
) -> (Gcra, Charge) {
    loop {
        let version = policy.terms.settled();
        let gcra = ask.gcra(at, policy);
        let step = move |tat| {
            let holds = policy.terms.version() == version;
            holds.then(|| conformance(&gcra, tat))
        };
        if let Some(charge) = table.advance(policy.member.id(ask.key), ask.now, step) {
            return (gcra, charge);
        }
    }
}

/// What a key owes to a policy, and the terms that this is to be judged by.
fn peek(table: &Table, policy: &ActivePolicy, at: usize, ask: Ask<'_>) -> (Gcra, u64) {
    loop {
        let version = policy.terms.settled();
        let (gcra, tat) = (ask.gcra(at, policy), table.peek(policy.member.id(ask.key)));
        // Otherwise the one may be from before debts were converted and the other from after.
        if policy.terms.version() == version {
            return (gcra, tat);
        }
    }
}

/// Charges all policies for a request that was served, whether or not they would have allowed it.
pub(super) fn charge_anyway(table: &Table, policies: &[ActivePolicy], ask: Ask<'_>) -> Decision {
    let mut changed_stats = false;
    let charged = |(at, policy): (usize, &ActivePolicy)| {
        let (gcra, charge) = charge(table, policy, at, ask, move |gcra, tat| {
            Conformance::Conforming { tat: gcra.charged(ask.now, tat, ask.cost) }
        });
        changed_stats |= charge.changed_stats();
        Standing::after(gcra, charge)
    };
    let standings = policies.iter().enumerate().map(charged).collect();
    Decision { standings, refused_by: None, changed_stats, told: None }
}

#[inline(never)]
fn decide_together(table: &Table, policies: &[ActivePolicy], ask: Ask<'_>) -> Decision {
    let mut decision = preview(table, policies, ask, 0);
    if decision.refused_by.is_some() {
        return decision;
    }

    let standings = &mut decision.standings;
    let mut order: SmallVec<[usize; 4]> = (0..policies.len()).collect();
    order.sort_unstable_by_key(|&at| standings[at].gcra.remaining(ask.now, standings[at].tat));

    let mut changed_stats = false;
    let mut charged: SmallVec<[(usize, u64, u64); 4]> = SmallVec::new();
    for at in order {
        let (gcra, charge) = charge(table, &policies[at], at, ask, move |gcra, tat| {
            gcra.decide(ask.now, tat, ask.cost)
        });
        changed_stats |= charge.changed_stats();
        standings[at] = Standing::after(gcra, charge);
        match charge {
            Charge::Allowed { before, after, .. } => charged.push((at, before, after)),
            Charge::Denied { .. } => {
                for (at, before, after) in charged {
                    table.undo(policies[at].member.id(ask.key), before, after);
                    standings[at].tat = before;
                }
                return Decision::new(decision.standings, changed_stats);
            }
        }
    }
    Decision { changed_stats, ..decision }
}

impl Standing {
    #[inline]
    pub(super) fn after(gcra: Gcra, charge: Charge) -> Self {
        match charge {
            Charge::Allowed { after, .. } => Self::passed(gcra, after),
            Charge::Denied { tat, wait } => Self::refused(gcra, tat, wait),
        }
    }

    #[inline]
    pub(super) fn passed(gcra: Gcra, tat: u64) -> Self {
        Self { gcra, tat, wait: 0 }
    }

    /// Refused for so many nanoseconds, or for ever.
    pub(super) fn refused(gcra: Gcra, tat: u64, wait: Option<u64>) -> Self {
        Self { gcra, tat, wait: wait.map_or(NEVER, |wait| wait.clamp(1, NEVER - 1)) }
    }

    #[inline]
    pub(super) fn refuses(&self) -> bool {
        self.wait > 0
    }
}

impl Charge {
    pub(super) fn changed_stats(&self) -> bool {
        matches!(self, Self::Allowed { changed_stats: true, .. })
    }
}
