use std::sync::Arc;

use super::{
    super::{answer, memory},
    giving_back::{give_back, refund},
    leased::{Bought, Leased},
    leasing::{Leasing, Ticket},
};
use crate::clock::Timestamp;

/// The one who buys for a key. If it ends early, those who wait are told so.
pub(super) struct Buying {
    leasing: Arc<Leasing>,
    leased: Arc<Leased>,
    done: bool,
}

impl Buying {
    /// Of a key that says that somebody buys.
    pub(super) fn new(leasing: &Arc<Leasing>, leased: &Arc<Leased>) -> Self {
        Self { leasing: Arc::clone(leasing), leased: Arc::clone(leased), done: false }
    }

    /// Buys until nobody waits any more; once at least if it is `ahead` of need.
    pub(super) async fn run(mut self, mut ahead: bool, ticket: Ticket) {
        let Leased { rule, shared, .. } = &*self.leased;
        let leases = &self.leasing.leases;
        loop {
            let now = rule.limiter.now();
            let Some(purchase) = self.leased.lock().purchase(now, ahead, leases) else { break };
            ahead = false;
            let action = purchase.action();
            let ask = answer::ask(*shared, rule.limiter.active(), &purchase.terms, action);
            let answer = self.leasing.store.ask(ask).await;
            let now = rule.limiter.now();
            let bought = answer
                .and_then(|outcome| self.leased.lock().hear(now, &purchase, &outcome, leases));
            match bought {
                Ok(bought) => self.note(bought, now),
                Err(error) => {
                    self.leased.lock().fail(&Arc::new(error));
                    break;
                }
            }
        }
        self.done = true;
        if self.leasing.ticket().is_none() {
            // Leases have ended meanwhile.
            let rest = self.leased.lock().lease.end(rule.limiter.now());
            if let Some(rest) = rest {
                refund(Arc::clone(&self.leasing.store), Arc::clone(&self.leased), rest).await;
            }
        }
        drop(ticket);
    }

    fn note(&self, bought: Bought, now: Timestamp) {
        let Leased { rule, key, .. } = &*self.leased;
        rule.leased().bought.increment(bought.cells.into());
        rule.leased().spent.increment(bought.spent.into());
        give_back(&self.leasing, &self.leased, bought.over);
        if let Some(decision) = &bought.refused {
            memory::remember(rule, *key, decision, now);
        }
        if let Some((policy, tat)) = bought.pause {
            memory::keep(rule, *key, policy, tat, now);
        }
        if bought.cells > bought.spent {
            self.leasing.list(&self.leased);
        }
    }
}

impl Drop for Buying {
    fn drop(&mut self) {
        if !self.done {
            self.leased.lock().abandon();
        }
    }
}
