use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{
    admission::{Admission, Ruling},
    future::{ResponseFuture, Stage},
    held::Held,
};
use crate::{body::ResponseBody, head::Head, readied::take_readied};

/// The service that [`ConcurrencyLimitLayer`](super::ConcurrencyLimitLayer) makes.
///
/// It is ready when the inner service is, and decides in `call`. A permit is taken by a request, never by a service that is
/// ready: clones that are never called hold nothing.
#[derive(Clone)]
pub struct ConcurrencyLimit<S> {
    inner: S,
    admission: Arc<Admission>,
}

impl<S> ConcurrencyLimit<S> {
    pub(super) fn new(inner: S, admission: Arc<Admission>) -> Self {
        Self { inner, admission }
    }

    /// The inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for ConcurrencyLimit<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    ResBody: Body,
{
    type Response = Response<ResponseBody<ResBody, Held>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, S::Future, Request<ReqBody>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        match self.admission.decide_at_once() {
            Some(Ok(held)) => ResponseFuture {
                stage: Stage::Called(self.inner.call(request)),
                held: Some(held),
                hold_until: self.admission.hold_until(),
            },
            Some(Err(refusal)) => {
                ResponseFuture::answered(self.admission.shed().answer(refusal, request))
            }
            None => self.call_if_let_in(request),
        }
    }
}

impl<S> ConcurrencyLimit<S> {
    /// Decides on a request by what it is. Apart from `call`, because a request that was lent to anyone is copied when it is
    /// passed on, which takes as long as all the rest.
    #[inline]
    fn call_if_let_in<B>(&mut self, request: Request<B>) -> ResponseFuture<S, S::Future, Request<B>>
    where
        S: Service<Request<B>> + Clone,
    {
        match self.admission.decide(&Head::of(&request)) {
            Ruling::Admitted(held) => ResponseFuture {
                stage: Stage::Called(self.inner.call(request)),
                held,
                hold_until: self.admission.hold_until(),
            },
            Ruling::Waits(waiter) => {
                let inner = take_readied(&mut self.inner);
                let admission = Arc::clone(&self.admission);
                ResponseFuture::waiting(waiter, inner, request, admission)
            }
            Ruling::Refused(refusal) => {
                ResponseFuture::answered(self.admission.shed().answer(refusal, request))
            }
            Ruling::Unknown(missing) => ResponseFuture::answered(
                self.admission.reject_unknown(&missing, &Head::of(&request)),
            ),
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for ConcurrencyLimit<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConcurrencyLimit").field("inner", &self.inner).finish_non_exhaustive()
    }
}
