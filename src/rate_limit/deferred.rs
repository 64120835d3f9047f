use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{Request, Response};
use http_body::Body;
use pin_project::pin_project;
use tower_service::Service;

use super::{
    FollowUp, ResponseFuture,
    admission::{Answer, Passed},
};
use crate::{body::ResponseBody, head::Head};

/// The future of a service that may have to wait before it can decide on a request.
#[pin_project]
pub struct DeferredFuture<S, F, R> {
    waiting: Option<Waiting<S, R>>,
    #[pin]
    called: Option<ResponseFuture<F>>,
}

/// Boxed: only requests that wait pay for it.
pub(super) type Deciding = Pin<Box<dyn Future<Output = Decide> + Send>>;

/// What is left to do after the wait: only the future has the request.
pub(super) type Decide = Box<dyn FnOnce(&Head<'_>) -> Result<Passed, Answer> + Send>;

struct Waiting<S, R> {
    deciding: Deciding,
    inner: S,
    request: R,
}

impl<S, F, R> DeferredFuture<S, F, R> {
    pub(super) fn passed(inner: &mut S, passed: Passed, request: R) -> Self
    where
        S: Service<R, Future = F>,
    {
        Self::called(ResponseFuture::passed(inner.call(request), passed))
    }

    pub(super) fn rejected(answer: Answer) -> Self {
        Self::called(ResponseFuture::rejected(answer))
    }

    /// `inner` is ready, and waits with the request.
    pub(super) fn deciding(deciding: Deciding, inner: S, request: R) -> Self {
        Self { waiting: Some(Waiting { deciding, inner, request }), called: None }
    }

    fn called(future: ResponseFuture<F>) -> Self {
        Self { waiting: None, called: Some(future) }
    }
}

impl<S, ReqBody, ResBody> Future for DeferredFuture<S, S::Future, Request<ReqBody>>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Body,
{
    type Output = Result<Response<ResponseBody<ResBody, FollowUp>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(waiting) = this.waiting {
            let decide = ready!(waiting.deciding.as_mut().poll(cx));
            if let Some(Waiting { mut inner, request, .. }) = this.waiting.take() {
                let called = match decide(&Head::of(&request)) {
                    Ok(passed) => ResponseFuture::passed(inner.call(request), passed),
                    Err(answer) => ResponseFuture::rejected(answer),
                };
                this.called.set(Some(called));
            }
        }
        match this.called.as_pin_mut() {
            Some(called) => called.poll(cx),
            // Polled after completion, which the contract of `Future` leaves open.
            None => Poll::Pending,
        }
    }
}

impl<S, F, R> fmt::Debug for DeferredFuture<S, F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeferredFuture")
            .field("waits", &self.waiting.is_some())
            .finish_non_exhaustive()
    }
}
