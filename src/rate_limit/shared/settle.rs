use std::{fmt, sync::Arc};

use smallvec::SmallVec;
use tokio::runtime::Handle;

use super::{
    answer::{self, Gcras},
    change::Change,
    sharing::Sharing,
    store::{Action, Ask},
};
use crate::{
    key::{Key, SharedKey},
    rate_limit::{active::ActiveRule, decision::Standing, exceptions::Tiers, report::Report},
};

/// How a request is charged in the end whose cost its response decides on: what it was charged before is made more or less.
pub(in crate::rate_limit) struct Settlement {
    pub(super) sharing: Arc<Sharing>,
    pub(super) place: Place,
    /// How the key stood when it was charged; empty if that is not known.
    pub(super) standings: SmallVec<[Standing; 4]>,
    /// How many cells were charged so far.
    pub(super) charged: u32,
    pub(super) runtime: Option<Handle>,
}

/// Where it was charged.
pub(super) enum Place {
    Shared(SharedKey, Gcras),
    Local,
    /// It passed uncharged.
    Nowhere,
}

impl Settlement {
    /// Charges the final cost. What takes the store is done in the background; if it fails, the charge stays what it was.
    pub(in crate::rate_limit) fn settle(&mut self, rule: &Arc<ActiveRule>, key: Key, cost: u32) {
        let cells = i64::from(cost) - i64::from(self.charged);
        if cells == 0 {
            return;
        }
        let (limiter, now) = (&rule.limiter, rule.limiter.now());
        let change = |standing: &Standing| Change::of(cells, standing, now);
        let changes: SmallVec<[Change; 4]> = self.standings.iter().map(change).collect();
        match &self.place {
            Place::Nowhere => return,
            Place::Local => rule.local().settle(limiter.store(), &changes, now, key),
            Place::Shared(shared, gcras) => {
                let count = cells.unsigned_abs() as u32;
                let action = match cells {
                    1.. => Action::Charge { cells: count },
                    _ => Action::Refund { cells: count },
                };
                let mut ask = answer::ask(*shared, limiter.active(), gcras, action);
                for (terms, change) in ask.terms.iter_mut().zip(&changes) {
                    terms.paid = change.paid();
                }
                self.ask(rule, ask);
            }
        }
        for (standing, change) in self.standings.iter_mut().zip(changes) {
            standing.tat = change.applied(standing.tat, now);
        }
        self.charged = cost;
    }

    fn ask(&self, rule: &Arc<ActiveRule>, ask: Ask) {
        // There is none where no store could answer.
        let Some(runtime) = &self.runtime else { return };
        let asking = self.sharing.store().ask(ask);
        let (sharing, rule) = (Arc::clone(&self.sharing), Arc::clone(rule));
        runtime.spawn(async move {
            let answer = asking.await;
            sharing.heard(&rule, answer.as_ref().err());
        });
    }

    /// What the key is to be told now.
    pub(in crate::rate_limit) fn report(
        &self,
        rule: &ActiveRule,
        key: Key,
        tiers: &Tiers,
    ) -> Option<Report> {
        if self.standings.is_empty() {
            return None;
        }
        rule.report_standings(&self.standings, key, tiers)
    }
}

impl fmt::Debug for Settlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settlement").field("charged", &self.charged).finish_non_exhaustive()
    }
}
