use std::{
    convert::Infallible,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
};

use super::{
    super::{SharedStore, answer::Gcras},
    buying::Buying,
    giving_back::{give_back, give_back_all},
    lease::Unspent,
    leased::{Leased, State, Told},
    settings::Leases,
    sweep::Sweep,
};
use crate::{
    head::Head,
    key::KeyMap,
    rate_limit::{admission::Subject, decision::Decision},
};

/// The leases of a layer.
pub(in crate::rate_limit::shared) struct Leasing {
    pub(super) leases: Leases,
    pub(super) store: Arc<dyn SharedStore>,
    keys: KeyMap<Leased>,
    pub(super) sweep: Sweep,
    /// `None` once leases have ended.
    work: Mutex<Option<Work>>,
}

/// What a request gets out of the leases.
pub(in crate::rate_limit::shared) enum Taken {
    /// It passes.
    Spent(Decision),
    /// It waits for a purchase.
    Waits(oneshot::Receiver<Told>),
    /// The store is to be asked for it alone.
    Asks,
    /// It is refused, as the store said the last time.
    Refused,
}

/// Held by a task that has yet to buy or give back.
pub(super) type Ticket = mpsc::Sender<Infallible>;

struct Work {
    ticket: Ticket,
    /// Ends when no ticket is held any more.
    done: mpsc::Receiver<Infallible>,
}

/// To be started when the key's lock is released: a runtime that is ending drops at once what is spawned, which takes that lock.
struct Buyer {
    runtime: Handle,
    ticket: Ticket,
    buying: Buying,
}

impl Buyer {
    fn start(self, ahead: bool) {
        self.runtime.spawn(self.buying.run(ahead, self.ticket));
    }
}

impl Leasing {
    pub(in crate::rate_limit::shared) fn new(leases: Leases, store: Arc<dyn SharedStore>) -> Self {
        let (ticket, done) = mpsc::channel(1);
        Self {
            leases,
            store,
            keys: KeyMap::new(leases.max_keys),
            sweep: Sweep::default(),
            work: Mutex::new(Some(Work { ticket, done })),
        }
    }

    /// Spends cells for a request, or lets it wait for those that are bought.
    ///
    /// One that is known to be `refused` may spend what there is, and ask once in a lease time: others may have returned by
    /// then what it was refused for.
    pub(in crate::rate_limit::shared) fn take(
        self: &Arc<Self>,
        subject: &Subject<'_>,
        gcras: &Gcras,
        refused: bool,
        head: &Head<'_>,
    ) -> Taken {
        let &Subject { rule, key, cost, now, .. } = subject;
        let nothing = || if refused { Taken::Refused } else { Taken::Asks };
        let Some(policy) = rule.limiter.active().first() else { return nothing() };
        // Rules of a layer may have the same keys.
        let place = rule.limiter.store().seed().key(&policy.member.id(key));
        let leased = || Leased::new(Arc::clone(rule), key, rule.shared_key(head));
        let Some(leased) = self.keys.get_or_add(place, leased) else { return nothing() };

        let mut state = leased.lock();
        let over = state.lease.expire(now, &self.leases);
        give_back(self, &leased, over);
        if state.lease.terms() == gcras && state.lease.spend(cost) {
            let decision = state.lease.decision();
            let low = !refused && !state.buying && state.lease.runs_low(now, &self.leases);
            let buyer = if low { self.buyer(&leased, &mut state) } else { None };
            drop(state);
            if let Some(buyer) = buyer {
                buyer.start(true);
            }
            rule.leased().spent.increment(cost.into());
            return Taken::Spent(decision);
        }
        if refused {
            if state.buying || !state.lease.may_ask_again(now, &self.leases) {
                return Taken::Refused;
            }
            state.lease.asks(now);
            return Taken::Asks;
        }
        if state.lease.terms() != gcras {
            if state.buying {
                return Taken::Asks;
            }
            let other = state.lease.change(now, gcras);
            give_back(self, &leased, other);
        }
        if state.buying {
            return Taken::Waits(state.wait(cost));
        }
        let cold = state.lease.want(now, cost, &self.leases) <= cost;
        let buyer = if cold { None } else { self.buyer(&leased, &mut state) };
        let Some(buyer) = buyer else {
            state.lease.asks(now);
            return Taken::Asks;
        };
        let told = state.wait(cost);
        drop(state);
        buyer.start(false);
        Taken::Waits(told)
    }

    /// Ends all leases: gives back what is held, waits for what is under way, and leases no more.
    pub(in crate::rate_limit::shared) async fn end(self: Arc<Self>) {
        let work = self.work().take();
        give_back_all(Arc::clone(&self.store), self.unspent()).await;
        if let Some(Work { ticket, mut done }) = work {
            drop(ticket);
            // Nothing is ever sent.
            let _ = done.recv().await;
        }
    }

    /// `None` once leases have ended.
    pub(super) fn ticket(&self) -> Option<Ticket> {
        self.work().as_ref().map(|work| work.ticket.clone())
    }

    fn work(&self) -> MutexGuard<'_, Option<Work>> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever is to buy in the background, so that it goes on if the request that needs it is gone. `None` where nobody can.
    fn buyer(self: &Arc<Self>, leased: &Arc<Leased>, state: &mut State) -> Option<Buyer> {
        let (Ok(runtime), Some(ticket)) = (Handle::try_current(), self.ticket()) else {
            return None;
        };
        state.buying = true;
        Some(Buyer { runtime, ticket, buying: Buying::new(self, leased) })
    }

    /// Takes all out that is held.
    fn unspent(&self) -> Vec<(Arc<Leased>, Unspent)> {
        let mut all = Vec::new();
        self.keys.for_each(|leased| {
            let unspent = leased.lock().lease.end(leased.rule.limiter.now());
            all.extend(unspent.map(|unspent| (Arc::clone(leased), unspent)));
        });
        all
    }
}

impl Drop for Leasing {
    fn drop(&mut self) {
        let unspent = self.unspent();
        if unspent.is_empty() {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(give_back_all(Arc::clone(&self.store), unspent));
            return;
        }
        for (leased, unspent) in unspent {
            leased.rule.leased().lost.increment(unspent.cells.into());
        }
    }
}

impl fmt::Debug for Leasing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leasing").field("leases", &self.leases).finish_non_exhaustive()
    }
}
