//! What a process decides by itself while the store does not answer.

use std::num::NonZeroU32;

use smallvec::SmallVec;

use super::change::Change;
use crate::{
    clock::Timestamp,
    key::Key,
    rate_limit::{
        Conformance, Gcra, Table,
        decision::{Decision, Standing},
        limiter::ActivePolicy,
        registry::Member,
        table::Charge,
    },
};

/// The places in a layer's table for what keys owe to this process alone.
pub(in crate::rate_limit) struct Local(Box<[Member]>);

impl Local {
    /// Beside those of the policies themselves, which hold what the store said.
    pub(in crate::rate_limit) fn new(
        table: &Table,
        limit: &str,
        policies: &[ActivePolicy],
    ) -> Self {
        let limit = format!("{limit} (by itself)");
        let register = |active: &ActivePolicy| {
            table.register(&limit, active.policy.name(), Gcra::new(active.policy.quota()))
        };
        Self(policies.iter().map(register).collect())
    }

    /// Charges a request to all policies if all allow it, each judged by a part of what it allows for all processes.
    ///
    /// A race among policies may leave a charge too much, as in [`decide`](crate::rate_limit::decision::decide).
    pub(super) fn decide(
        &self,
        table: &Table,
        gcras: &[Gcra],
        processes: NonZeroU32,
        now: Timestamp,
        key: Key,
        cost: u32,
    ) -> Decision {
        let share = f64::from(processes.get()).recip();
        let parts = gcras.iter().map(|gcra| gcra.slowed(share));
        let places: SmallVec<[(u64, Gcra); 2]> =
            self.0.iter().map(|member| member.id(key)).zip(parts).collect();
        let peek = |&(id, gcra): &(u64, Gcra)| {
            let tat = table.peek(id);
            match gcra.decide(now, tat, cost) {
                Conformance::Conforming { .. } => Standing::passed(gcra, tat),
                Conformance::NonConforming { wait } => Standing::refused(gcra, tat, wait),
            }
        };
        let preview = Decision::new(places.iter().map(peek).collect(), false);
        if preview.refused_by.is_some() {
            return preview;
        }
        let mut standings = preview.standings;
        let mut changed_stats = false;
        for (at, &(id, gcra)) in places.iter().enumerate() {
            let step = move |tat| Some(gcra.decide(now, tat, cost));
            let Some(charge) = table.advance(id, now, step) else { continue };
            changed_stats |= charge.changed_stats();
            standings[at] = Standing::after(gcra, charge);
            if let Charge::Denied { .. } = charge {
                break;
            }
        }
        Decision::new(standings, changed_stats)
    }

    /// Changes what a key owes.
    pub(super) fn settle(&self, table: &Table, changes: &[Change], now: Timestamp, key: Key) {
        for (member, change) in self.0.iter().zip(changes) {
            let step = move |tat| Some(Conformance::Conforming { tat: change.applied(tat, now) });
            table.advance(member.id(key), now, step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Clock,
        rate_limit::{Limiter, Quota},
    };

    fn limiter(quotas: [Quota; 2]) -> Limiter {
        Limiter::new(quotas[0]).and(quotas[1]).clock(Clock::manual().0)
    }

    #[test]
    fn each_of_four_processes_admits_a_quarter() {
        let limiter = limiter([Quota::per_second(100), Quota::per_minute(1_000)]);
        let (table, policies) = (limiter.store(), limiter.active());
        let local = Local::new(table, "l", policies);
        let gcras: Vec<_> = policies.iter().map(|p| Gcra::new(p.policy.quota())).collect();
        let (key, now) = (limiter.key(&1), Timestamp::from_nanos(1 << 40));
        let four = NonZeroU32::new(4).unwrap();
        let admitted = (0..200)
            .filter(|_| local.decide(table, &gcras, four, now, key, 1).refused_by.is_none())
            .count();
        assert_eq!(admitted, 25);
        // What the store said is kept in other places.
        assert!(policies.iter().all(|active| table.peek(active.member.id(key)) == 0));
    }

    #[test]
    fn what_was_reserved_is_given_back_or_made_more() {
        let limiter = limiter([Quota::per_second(10), Quota::per_minute(100)]);
        let (table, policies) = (limiter.store(), limiter.active());
        let local = Local::new(table, "l", policies);
        let gcras: Vec<_> = policies.iter().map(|p| Gcra::new(p.policy.quota())).collect();
        let (key, now) = (limiter.key(&1), Timestamp::from_nanos(1 << 40));
        let one = NonZeroU32::MIN;
        let decision = local.decide(table, &gcras, one, now, key, 6);
        let remaining = || {
            let decision = local.decide(table, &gcras, one, now, key, 0);
            gcras[0].remaining(now, decision.standings[0].tat)
        };
        assert_eq!(remaining(), 4);
        let change = |cells| -> Vec<_> {
            let standings = decision.standings.iter();
            standings.map(|standing| Change::of(cells, standing, now)).collect()
        };
        local.settle(table, &change(-6), now, key);
        assert_eq!(remaining(), 10);
        local.settle(table, &change(3), now, key);
        assert_eq!(remaining(), 7);
    }
}
