use std::sync::Arc;

use tokio::{runtime::Handle, task::JoinSet};

use super::{
    super::{SharedStore, answer, store::Action},
    lease::Unspent,
    leased::Leased,
    leasing::Leasing,
};

/// How many keys' cells are given back at the same time when all are.
const AT_ONCE: usize = 64;

/// Gives cells back in the background.
pub(super) fn give_back(leasing: &Leasing, leased: &Arc<Leased>, unspent: Option<Unspent>) {
    let Some(unspent) = unspent else { return };
    let Ok(runtime) = Handle::try_current() else {
        return leased.rule.leased().lost.increment(unspent.cells.into());
    };
    let (store, leased) = (Arc::clone(&leasing.store), Arc::clone(leased));
    let ticket = leasing.ticket();
    runtime.spawn(async move {
        refund(store, leased, unspent).await;
        drop(ticket);
    });
}

/// Gives the cells of many keys back.
pub(super) async fn give_back_all(
    store: Arc<dyn SharedStore>,
    unspent: Vec<(Arc<Leased>, Unspent)>,
) {
    let mut rest = unspent.into_iter();
    let mut under_way = JoinSet::new();
    loop {
        for (leased, unspent) in rest.by_ref().take(AT_ONCE - under_way.len()) {
            under_way.spawn(refund(Arc::clone(&store), leased, unspent));
        }
        if under_way.join_next().await.is_none() {
            return;
        }
    }
}

/// Gives the cells of a key back. If that fails they drain in the store as if they had been spent.
pub(super) async fn refund(store: Arc<dyn SharedStore>, leased: Arc<Leased>, unspent: Unspent) {
    let Unspent { cells, paid, terms } = unspent;
    let Leased { rule, shared, .. } = &*leased;
    let mut ask = answer::ask(*shared, rule.limiter.active(), &terms, Action::Refund { cells });
    for (terms, paid) in ask.terms.iter_mut().zip(paid) {
        terms.paid = paid;
    }
    let meters = rule.leased();
    let meter = if store.ask(ask).await.is_ok() { &meters.returned } else { &meters.lost };
    meter.increment(cells.into());
}
