//! What a layer takes over from another, over the same table, whose place it takes while requests come.

use super::{
    Gcra, RateLimitLayer,
    active::ActiveRule,
    changes::{self, Conversion},
};

impl RateLimitLayer {
    /// Takes over from `former` what was set at run time: for a stack whose settings change while it is at work. What keys owe
    /// is in the table, and converted where a quota is another. Until the place is taken, `former` goes by the new quotas.
    ///
    /// A quota, a cap or a dry run that was set by a handle stays, unless what was written for it is another now. What a handle
    /// has said of a key stays if this is `same_key`: else it was said of somebody else who happens to be called so.
    pub(crate) fn take_over(&self, former: &Self, same_key: bool) {
        let (next, former) = (self.admission(), former.admission());
        for rule in next.rules() {
            let name = rule.limiter.name();
            let mut before = former.rules().filter(|before| before.limiter.name() == name);
            if let Some(before) = before.next() {
                rule.take_over(before, same_key);
            }
        }
    }
}

impl ActiveRule {
    fn take_over(&self, former: &Self, same_key: bool) {
        let (policies, before) = (self.limiter.active(), former.limiter.active());
        let place = |name: &str| policies.iter().position(|active| active.policy.name() == name);
        for (at, old) in before.iter().enumerate() {
            let Some(new) = place(old.policy.name()).map(|at| &policies[at]) else { continue };
            let (written, at_work) = (new.policy.quota(), old.terms.quota());
            let quota = if written == old.policy.quota() { at_work } else { written };
            if quota != at_work {
                let has_tiers = former.has_tiers(at);
                let conversion = if has_tiers { Conversion::Upward } else { Conversion::Exact };
                changes::set_quota(&[(&former.limiter, at)], quota, conversion);
            }
            // Debts are in this measure already.
            new.terms.pause().set_quota(quota);
            new.terms.set_ceiling(old.terms.ceiling());
            let (table, limit) = (self.limiter.store(), self.limiter.name());
            table.register(limit, new.policy.name(), Gcra::new(quota));
        }
        if same_key {
            let places: Vec<_> = before.iter().map(|active| place(active.policy.name())).collect();
            self.limiter.exceptions().take_over(former.limiter.exceptions(), &places);
        }
        if self.shadow_as_built() == former.shadow_as_built() {
            self.set_shadow(former.is_shadow());
        }
    }
}
