use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{Request, Response};
use http_body::Body;
use pin_project::pin_project;
use tower_service::Service;

use super::sharing::{Decided, Deciding};
use crate::{
    body::ResponseBody,
    head::Head,
    rate_limit::{FollowUp, ResponseFuture},
};

/// The future of [`SharedRateLimit`](crate::rate_limit::SharedRateLimit).
///
/// # Cancel safety
///
/// Dropping it while the store is asked leaves the request charged or not, as the store had it; the request has not reached the
/// inner service. After that it is as with [`ResponseFuture`].
#[pin_project]
pub struct SharedFuture<S, F, R> {
    waiting: Option<Waiting<S, R>>,
    #[pin]
    called: Option<ResponseFuture<F>>,
}

struct Waiting<S, R> {
    deciding: Deciding,
    inner: S,
    request: R,
}

impl<S, F, R> SharedFuture<S, F, R> {
    pub(super) fn answered(answer: ResponseFuture<F>) -> Self {
        Self { waiting: None, called: Some(answer) }
    }

    pub(super) fn deciding(deciding: Deciding, inner: S, request: R) -> Self {
        Self { waiting: Some(Waiting { deciding, inner, request }), called: None }
    }
}

impl<S, ReqBody, ResBody> Future for SharedFuture<S, S::Future, Request<ReqBody>>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Body,
{
    type Output = Result<Response<ResponseBody<ResBody, FollowUp>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(waiting) = this.waiting {
            let decided: Box<Decided> = ready!(waiting.deciding.as_mut().poll(cx));
            if let Some(mut waiting) = this.waiting.take() {
                let answer = match decided.finish(&Head::of(&waiting.request)) {
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
            // Polled after completion, which the contract of `Future` leaves open.
            None => Poll::Pending,
        }
    }
}

impl<S, F, R> fmt::Debug for SharedFuture<S, F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedFuture")
            .field("waits", &self.waiting.is_some())
            .finish_non_exhaustive()
    }
}
