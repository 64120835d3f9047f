use std::{
    fmt, mem,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{ResponseFuture, WeirBody, chain::Chain, inside::Inside, maybe::Maybe, plan::Plan};
use crate::{error::BoxError, head::Head, stack::running::Live};

/// The service that [`WeirLayer`](super::WeirLayer) makes.
///
/// It is ready when the inner service is, and looks in `call` for what the file says of the request, so a reload counts for the
/// next request of every clone.
#[derive(Clone)]
pub struct WeirService<S> {
    inner: S,
    live: Arc<Live>,
}

impl<S> WeirService<S> {
    pub(super) fn new(inner: S, live: Arc<Live>) -> Self {
        Self { inner, live }
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

/// The layers of a plan around a service.
#[inline]
fn chain<S>(plan: &Arc<Plan>, service: S) -> Chain<S> {
    let inside = Inside::new(Arc::clone(plan), service);
    let cached = Maybe::new(plan.cache.as_ref(), inside);
    let bounded = Maybe::new(plan.rate_limit.as_ref(), cached);
    Maybe::new(plan.profile.as_ref(), bounded)
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for WeirService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    ReqBody: Body + Send + 'static,
    ResBody: Body + Send + 'static,
    ResBody::Data: Buf + From<Bytes> + Send,
    ResBody::Error: Into<BoxError>,
{
    type Response = Response<WeirBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<<Chain<S> as Service<Request<ReqBody>>>::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        // The readied service is the one that is called.
        let clone = self.inner.clone();
        let inner = mem::replace(&mut self.inner, clone);
        self.live.keep_watched();
        let stack = self.live.stack();
        ResponseFuture(chain(stack.plan(&Head::of(&request)), inner).call(request))
    }
}

impl<S: fmt::Debug> fmt::Debug for WeirService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeirService").field("inner", &self.inner).finish_non_exhaustive()
    }
}
