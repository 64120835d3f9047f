use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use super::{
    super::{
        answer::{self, Gcras},
        store::{Action, Outcome, SharedStoreError},
    },
    lease::{Lease, Unspent, pause},
    settings::Leases,
};
use crate::{
    clock::Timestamp,
    key::{Evictable, Key, SharedKey},
    rate_limit::{
        Conformance,
        active::ActiveRule,
        decision::{Decision, Standing},
    },
};

/// A key, what is held of it, and who waits for more.
pub(super) struct Leased {
    pub(super) rule: Arc<ActiveRule>,
    pub(super) key: Key,
    pub(super) shared: SharedKey,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) lease: Lease,
    /// In the order in which they came. There are some only while `buying`.
    waiters: VecDeque<Waiter>,
    /// Whether a task buys.
    pub(super) buying: bool,
    /// Whether the sweep knows of it.
    pub(super) listed: bool,
}

/// What becomes of a request that waited for a purchase.
pub(in crate::rate_limit::shared) type Told = Result<Decision, Arc<SharedStoreError>>;

struct Waiter {
    cost: u32,
    tell: oneshot::Sender<Told>,
}

/// A purchase that is under way.
#[derive(Clone, Debug)]
pub(super) struct Purchase {
    pub(super) at: Timestamp,
    pub(super) least: u32,
    pub(super) most: u32,
    pub(super) terms: Gcras,
}

/// What is to be done after a purchase.
#[derive(Default)]
pub(super) struct Bought {
    pub(super) cells: u32,
    /// How many of them were spent at once.
    pub(super) spent: u32,
    /// What was held before and is over.
    pub(super) over: Option<Unspent>,
    /// A refusal to be remembered.
    pub(super) refused: Option<Decision>,
    /// By which policy the key is to be refused for a while, and the TAT for that.
    pub(super) pause: Option<(usize, u64)>,
}

impl Leased {
    pub(super) fn new(rule: Arc<ActiveRule>, key: Key, shared: SharedKey) -> Self {
        Self { rule, key, shared, state: Mutex::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // What may panic in between is the waking of a waiter, which has been taken out before.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Evictable for Leased {
    fn may_go(&self) -> bool {
        let state = self.lock();
        !state.buying && state.lease.cells() == 0
    }
}

impl Purchase {
    pub(super) fn action(&self) -> Action {
        let Self { least, most, .. } = *self;
        if least == most { Action::Check { cells: least } } else { Action::Lease { least, most } }
    }
}

impl State {
    /// Lets a request wait for what is being bought.
    pub(super) fn wait(&mut self, cost: u32) -> oneshot::Receiver<Told> {
        let (tell, told) = oneshot::channel();
        self.waiters.push_back(Waiter { cost, tell });
        told
    }

    /// What to buy next: enough for all who wait, and at least for the first of them. `None` if nobody does and it is not
    /// bought `ahead`; then nothing is bought any more.
    pub(super) fn purchase(
        &mut self,
        now: Timestamp,
        ahead: bool,
        leases: &Leases,
    ) -> Option<Purchase> {
        self.waiters.retain(|waiter| !waiter.tell.is_closed());
        let least = match self.waiters.front() {
            Some(first) => first.cost,
            None if ahead => 1,
            None => {
                self.buying = false;
                return None;
            }
        };
        let needed: u64 = self.waiters.iter().map(|waiter| u64::from(waiter.cost)).sum();
        let needed = u32::try_from(needed).unwrap_or(u32::MAX);
        // Cells that are left are too few for the first, or there are no waiters.
        let most = self.lease.want(now, needed.min(leases.max_cells), leases).max(least);
        self.lease.asks(now);
        Some(Purchase { at: now, least, most, terms: self.lease.terms().clone() })
    }

    /// The store has answered: cells are shared out among those who wait, in their order. Whom it
    /// was asked for is told in any case.
    pub(super) fn hear(
        &mut self,
        now: Timestamp,
        purchase: &Purchase,
        outcome: &Outcome,
        leases: &Leases,
    ) -> Result<Bought, SharedStoreError> {
        let strange = || SharedStoreError::Failed("it answered something else".into());
        let decision = answer::decision(&purchase.terms, outcome, now).ok_or_else(strange)?;
        let mut bought = Bought { cells: outcome.granted.min(purchase.most), ..Bought::default() };
        let refused = bought.cells == 0 && decision.refused_by.is_some();
        if bought.cells < purchase.least && !refused {
            return Err(strange());
        }
        if bought.cells < purchase.most {
            bought.pause = pause(purchase.at, now, bought.cells, &decision.standings, leases);
        }
        bought.over = self.lease.expire(now, leases);
        if bought.cells >= purchase.least {
            // Even if that took longer than the lease time, it is for those who wait.
            self.lease.credit(purchase.at, bought.cells, &decision.standings);
            bought.spent = self.serve();
            return Ok(bought);
        }
        self.refuse(now, purchase.least, &decision);
        bought.refused = Some(decision);
        Ok(bought)
    }

    /// Nobody who waits is told anything by the store.
    pub(super) fn fail(&mut self, error: &Arc<SharedStoreError>) {
        self.buying = false;
        for waiter in std::mem::take(&mut self.waiters) {
            let _ = waiter.tell.send(Err(Arc::clone(error)));
        }
    }

    /// Whoever bought is gone: those who wait find that nobody will tell them.
    pub(super) fn abandon(&mut self) {
        self.buying = false;
        self.waiters.clear();
    }

    fn serve(&mut self) -> u32 {
        let mut spent = 0;
        while let Some(first) = self.waiters.front() {
            if !first.tell.is_closed() {
                if !self.lease.spend(first.cost) {
                    break;
                }
                spent += first.cost;
            }
            if let Some(waiter) = self.waiters.pop_front() {
                let _ = waiter.tell.send(Ok(self.lease.decision()));
            }
        }
        spent
    }

    /// Refuses the first, and all others for whom there is no room either.
    fn refuse(&mut self, now: Timestamp, least: u32, decision: &Decision) {
        let standings = |cost: u32| {
            let standing =
                decision.standings.iter().map(|told| match told.gcra.decide(now, told.tat, cost) {
                    _ if cost == least => *told,
                    Conformance::NonConforming { wait } => {
                        Standing::refused(told.gcra, told.tat, wait)
                    }
                    Conformance::Conforming { .. } => Standing::passed(told.gcra, told.tat),
                });
            Decision::new(standing.collect(), false)
        };
        for waiter in std::mem::take(&mut self.waiters) {
            let verdict = standings(waiter.cost);
            if verdict.refused_by.is_some() {
                let _ = waiter.tell.send(Ok(verdict));
            } else {
                self.waiters.push_back(waiter);
            }
        }
    }
}
