use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{
    SharedFuture,
    sharing::{Sharing, Step},
};
use crate::{body::ResponseBody, head::Head, rate_limit::FollowUp, readied::take_readied};

/// The service that [`SharedRateLimitLayer`](crate::rate_limit::SharedRateLimitLayer) makes.
#[derive(Clone)]
pub struct SharedRateLimit<S> {
    inner: S,
    sharing: Arc<Sharing>,
}

impl<S> SharedRateLimit<S> {
    pub(super) fn new(inner: S, sharing: Arc<Sharing>) -> Self {
        Self { inner, sharing }
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

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for SharedRateLimit<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    ResBody: Body,
{
    type Response = Response<ResponseBody<ResBody, FollowUp>>;
    type Error = S::Error;
    type Future = SharedFuture<S, S::Future, Request<ReqBody>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        match Sharing::begin(&self.sharing, &Head::of(&request)) {
            Step::Done(Ok(passed)) => SharedFuture::passed(&mut self.inner, passed, request),
            Step::Done(Err(answer)) => SharedFuture::rejected(answer),
            Step::Ask(deciding) => {
                SharedFuture::deciding(deciding, take_readied(&mut self.inner), request)
            }
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for SharedRateLimit<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedRateLimit").field("inner", &self.inner).finish_non_exhaustive()
    }
}
