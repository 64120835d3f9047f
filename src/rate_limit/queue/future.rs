use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{Request, Response};
use http_body::Body;
use pin_project::pin_project;
use tower_service::Service;

use super::room::{Turn, Waiter};
use crate::{
    body::ResponseBody,
    head::Head,
    rate_limit::{
        FollowUp, ResponseFuture,
        admission::{Admission, Answer, Passed, Subject},
    },
};

/// The future of [`QueuedRateLimit`](super::QueuedRateLimit).
///
/// # Cancel safety
///
/// Dropping it while it waits leaves the queue, with nothing charged; the request has not reached the inner service. After
/// that it is as with [`ResponseFuture`].
#[pin_project]
pub struct QueuedFuture<S, F, R> {
    waiting: Option<Waiting<S, R>>,
    #[pin]
    called: Option<ResponseFuture<F>>,
}

/// Boxed: only requests that wait pay for it.
type Turning = Pin<Box<dyn Future<Output = (Turn, Waiter)> + Send>>;

struct Waiting<S, R> {
    turning: Turning,
    inner: S,
    request: R,
    admission: Arc<Admission>,
}

impl<S, F, R> QueuedFuture<S, F, R> {
    pub(super) fn passed(inner: &mut S, passed: Passed, request: R) -> Self
    where
        S: Service<R, Future = F>,
    {
        Self::answered(ResponseFuture::passed(inner.call(request), passed))
    }

    pub(super) fn answered(answer: ResponseFuture<F>) -> Self {
        Self { waiting: None, called: Some(answer) }
    }

    pub(super) fn waiting(waiter: Waiter, inner: S, request: R, admission: Arc<Admission>) -> Self {
        let turning = Box::pin(async move { (waiter.turn().await, waiter) });
        Self { waiting: Some(Waiting { turning, inner, request, admission }), called: None }
    }
}

impl<S, ReqBody, ResBody> Future for QueuedFuture<S, S::Future, Request<ReqBody>>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Body,
{
    type Output = Result<Response<ResponseBody<ResBody, FollowUp>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(waiting) = this.waiting {
            let (turn, waiter) = ready!(waiting.turning.as_mut().poll(cx));
            if let Some(mut waiting) = this.waiting.take() {
                let head = Head::of(&waiting.request);
                let answer = match decided(&waiting.admission, turn, waiter, &head) {
                    Ok(passed) => {
                        ResponseFuture::passed(waiting.inner.call(waiting.request), passed)
                    }
                    Err(answer) => ResponseFuture::rejected(answer),
                };
                this.called.set(Some(answer));
            }
        }
        match this.called.as_pin_mut() {
            Some(called) => called.poll(cx),
            None => Poll::Pending,
        }
    }
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

impl<S, F, R> fmt::Debug for QueuedFuture<S, F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueuedFuture")
            .field("waits", &self.waiting.is_some())
            .finish_non_exhaustive()
    }
}
