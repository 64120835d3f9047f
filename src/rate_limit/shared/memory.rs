//! What a store said when it refused a key: kept in the layer's own table, so that it is refused here until it could pass.

use crate::{
    clock::Timestamp,
    key::Key,
    rate_limit::{Conformance, active::ActiveRule, decision::Decision},
};

/// Keeps what a refusal says. What else the key owes is kept with it: that too becomes less only by time, or when cells are
/// returned that were leased.
///
/// Where responses decide on the charge, what is owed may be taken back at any time, also by another process.
pub(super) fn remember(rule: &ActiveRule, key: Key, decision: &Decision, now: Timestamp) {
    if rule.charge_on.is_some() {
        return;
    }
    for (policy, standing) in decision.standings.iter().enumerate() {
        keep(rule, key, policy, standing.tat, now);
    }
}

/// The same, and where a refusal is kept, also what a key owes that passed: it may refuse the next request, which may cost
/// more.
pub(super) fn hear(rule: &ActiveRule, key: Key, decision: &Decision, now: Timestamp) {
    if decision.refused_by.is_some() || is_kept(rule, key, now) {
        remember(rule, key, decision, now);
    }
}

fn is_kept(rule: &ActiveRule, key: Key, now: Timestamp) -> bool {
    let table = rule.limiter.store();
    let mut policies = rule.limiter.active().iter();
    policies.any(|active| table.peek(active.member.id(key)) > now.as_nanos())
}

/// Lets one policy refuse as if the key owed until `tat` at least.
pub(super) fn keep(rule: &ActiveRule, key: Key, policy: usize, tat: u64, now: Timestamp) {
    let id = rule.limiter.active()[policy].member.id(key);
    rule.tell_table(rule.limiter.store().restore(id, now, tat).changed_stats());
}

/// Gives up a refusal that is not true any more, as others have returned what they leased.
pub(super) fn forget(rule: &ActiveRule, key: Key, decision: &Decision, now: Timestamp) {
    for (active, standing) in rule.limiter.active().iter().zip(&decision.standings) {
        let step = move |tat: u64| Some(Conformance::Conforming { tat: tat.min(standing.tat) });
        rule.limiter.store().advance(active.member.id(key), now, step);
    }
}
