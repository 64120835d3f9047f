use std::sync::Arc;

use super::room::{Turn, Waiter};
use crate::{
    head::Head,
    rate_limit::{
        admission::{Admission, Answer, Passed, Subject},
        deferred::{Decide, Deciding, DeferredFuture},
    },
};

/// The future of [`QueuedRateLimit`](super::QueuedRateLimit).
///
/// # Cancel safety
///
/// Dropping it while it waits leaves the queue, with nothing charged; the request has not reached the inner service. After
/// that it is as with [`ResponseFuture`](crate::rate_limit::ResponseFuture).
pub type QueuedFuture<S, F, R> = DeferredFuture<S, F, R>;

/// Waits for the turn of `waiter`, and decides then.
pub(super) fn wait(waiter: Waiter, admission: Arc<Admission>) -> Deciding {
    Box::pin(async move {
        let turn = waiter.turn().await;
        let decide: Decide = Box::new(move |head| decided(&admission, turn, waiter, head));
        decide
    })
}

/// What becomes of a request after its wait.
fn decided(
    admission: &Admission,
    turn: Turn,
    waiter: Waiter,
    head: &Head<'_>,
) -> Result<Passed, Answer> {
    let Turn { decision, now } = turn;
    let waited = waiter.waited(now);
    let Waiter { place, rule, key, cost, tiers, .. } = waiter;
    // Out of the line before the inner service is called, which may take long to answer.
    drop(place);
    let subject = Subject { rule: &rule, key, cost, tiers, governed: None, now };
    let Some(decision) = decision else { return admission.deny(&rule, head) };
    if decision.refused_by.is_some() {
        return admission.limit(subject, &decision, head);
    }
    let meters = rule.meters();
    meters.queued.increment(1);
    meters.wait.record(waited);
    Ok(Admission::passed(subject, &decision, head))
}
