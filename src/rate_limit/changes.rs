//! Quotas that change while keys owe.

use std::collections::HashSet;

use super::{
    Gcra, Quota,
    limiter::{ActivePolicy, Limiter},
    registry::code_of,
    terms::Pause,
};
use crate::key::Key;

/// What becomes of debts when a quota changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conversion {
    /// They stay as many requests.
    Exact,
    /// The same, but no debt gets smaller: some requests have other quotas, and whose debts are whose is not known.
    Upward,
}

impl Conversion {
    fn of(self, debt: u64, old: Gcra, new: Gcra) -> u64 {
        let converted = new.converted(old, debt);
        match self {
            Self::Exact => converted,
            Self::Upward => converted.max(debt),
        }
    }
}

/// Sets the quota of policies that have the same entries in one table, each at its place in a limiter, and converts what keys
/// owe to them, but for those with a quota of their own.
pub(super) fn set_quota(places: &[(&Limiter, usize)], quota: Quota, conversion: Conversion) {
    let Some((limiter, at)) = places.first() else { return };
    let ActivePolicy { policy, terms, member } = &limiter.active()[*at];
    let pauses = pause(places);
    let (old, new) = (Gcra::new(terms.quota()), Gcra::new(quota));
    pauses.iter().for_each(|pause| pause.set_quota(quota));
    limiter.store().register(limiter.name(), policy.name(), new);
    // Whose debts are whose is not known either where there are more policies than codes: there they stay as times.
    if old == new || member.is_shared() {
        return;
    }
    let own = limiter.exceptions().keys_with_quota(*at).into_iter().map(|key| member.id(key));
    let own: HashSet<_> = own.collect();
    let is_meant = |id: u64| code_of(id) == member.code && !own.contains(&id);
    limiter.store().convert(limiter.now(), is_meant, |debt| conversion.of(debt, old, new));
}

/// Gives a key a quota of its own for such policies, or takes it away, and converts what it owes.
pub(super) fn set_override(
    places: &[(&Limiter, usize)],
    key: Key,
    quota: Option<Quota>,
    conversion: Conversion,
) {
    let Some((limiter, at)) = places.first() else { return };
    let ActivePolicy { terms, member, .. } = &limiter.active()[*at];
    let _nobody_decides = pause(places);
    let before = limiter.exceptions().quota(key, *at).unwrap_or_else(|| terms.quota());
    let (old, new) = (Gcra::new(before), Gcra::new(quota.unwrap_or_else(|| terms.quota())));
    for (limiter, at) in places {
        limiter.exceptions().set_quota(key, *at, quota);
    }
    let now = limiter.now();
    limiter.store().convert_one(member.id(key), now, |debt| conversion.of(debt, old, new));
}

fn pause<'a>(places: &[(&'a Limiter, usize)]) -> Vec<Pause<'a>> {
    places.iter().map(|(limiter, at)| limiter.active()[*at].terms.pause()).collect()
}
