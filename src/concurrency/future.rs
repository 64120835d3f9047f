use std::{
    fmt, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use pin_project::pin_project;
use tower_service::Service;

use super::{HoldUntil, admission::Admission, gate::Waiter, held::Held};
use crate::body::{Guard, ResponseBody};

/// The future of [`ConcurrencyLimit`](super::ConcurrencyLimit).
///
/// # Cancel safety
///
/// Dropping it while it waits leaves the queue; the request has not reached the inner service. After that it drops the inner
/// future and gives the permit back.
#[pin_project]
pub struct ResponseFuture<S, F, R> {
    // Before `held`: whatever the inner future still does when it is dropped, it does with its permit.
    #[pin]
    pub(super) stage: Stage<S, F, R>,
    pub(super) held: Option<Held>,
    pub(super) hold_until: HoldUntil,
}

/// How far a request is.
#[pin_project(project = StageProjection, project_replace = StageOwned)]
pub(super) enum Stage<S, F, R> {
    Called(#[pin] F),
    /// Boxed: only requests that wait pay for it.
    Waits(Box<Waiting<S, R>>),
    Answered(Response<Bytes>),
    Done,
}

/// A request that waits: all that is needed when its turn comes.
pub(super) struct Waiting<S, R> {
    waiter: Waiter,
    inner: S,
    request: R,
    admission: Arc<Admission>,
}

impl<S, F, R> ResponseFuture<S, F, R> {
    #[cold]
    pub(super) fn waiting(waiter: Waiter, inner: S, request: R, admission: Arc<Admission>) -> Self {
        let hold_until = admission.hold_until();
        let waiting = Box::new(Waiting { waiter, inner, request, admission });
        Self { stage: Stage::Waits(waiting), held: None, hold_until }
    }

    #[inline]
    pub(super) fn answered(answer: Response<Bytes>) -> Self {
        Self { stage: Stage::Answered(answer), held: None, hold_until: HoldUntil::default() }
    }
}

impl<S, ReqBody, ResBody> Future for ResponseFuture<S, S::Future, Request<ReqBody>>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Body,
{
    type Output = Result<Response<ResponseBody<ResBody, Held>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let StageProjection::Waits(waiting) = this.stage.as_mut().project() {
            let turn = ready!(waiting.waiter.poll(cx));
            if let StageOwned::Waits(waiting) = this.stage.as_mut().project_replace(Stage::Done) {
                let Waiting { mut inner, request, admission, .. } = *waiting;
                this.stage.set(match turn {
                    Ok((permit, in_flight)) => {
                        *this.held = Some(admission.held(permit, in_flight));
                        let on_panic = OnPanic(this.held);
                        let future = inner.call(request);
                        mem::forget(on_panic);
                        Stage::Called(future)
                    }
                    Err(refusal) => Stage::Answered(admission.shed().answer(refusal, request)),
                });
            }
        }
        if let StageProjection::Called(inner) = this.stage.as_mut().project() {
            // Whoever catches a panic further out drops this future only when it is over.
            let on_panic = OnPanic(this.held);
            let result = inner.poll(cx);
            mem::forget(on_panic);
            let result = ready!(result);
            // Nothing of the request is left when its permit goes to the next.
            this.stage.set(Stage::Done);
            if let Some(held) = this.held
                && !held.outlasts(&result, *this.hold_until)
            {
                *this.held = None;
            }
            // What had to be asked of the answer has been asked by now: it is large, and is moved only once like this.
            let held = this.held.take();
            return Poll::Ready(match result {
                Ok(response) => Ok(response.map(|body| ResponseBody::holding(body, held))),
                Err(error) => Err(error),
            });
        }
        match this.stage.project_replace(Stage::Done) {
            StageOwned::Answered(answer) => Poll::Ready(Ok(answer.map(ResponseBody::full))),
            // Polled after completion, which the contract of `Future` leaves open.
            _ => Poll::Pending,
        }
    }
}

/// What is dropped only if the service panics: then it has failed. The permit is given back with the future.
struct OnPanic<'a>(&'a mut Option<Held>);

impl Drop for OnPanic<'_> {
    fn drop(&mut self) {
        if let Some(held) = self.0 {
            Guard::failed(held);
        }
    }
}

impl<S, F, R> fmt::Debug for ResponseFuture<S, F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("waits", &matches!(self.stage, Stage::Waits(_)))
            .finish_non_exhaustive()
    }
}
