use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{chain::Inner, maybe::Maybe, plan::Plan};
use crate::error::BoxError;

/// What stands inside of the cache, put up when a request comes as far.
///
/// It is made for one request, and called once at most: so it gives the service away instead of a clone, which in axum would be
/// an allocation.
#[derive(Clone)]
pub struct Inside<S> {
    plan: Arc<Plan>,
    service: Option<S>,
}

impl<S> Inside<S> {
    pub(super) fn new(plan: Arc<Plan>, service: S) -> Self {
        Self { plan, service: Some(service) }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Inside<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    ReqBody: Body + Send + 'static,
    ResBody: Body + Send + 'static,
    ResBody::Data: Buf + From<Bytes> + Send,
    ResBody::Error: Into<BoxError>,
{
    type Response = <Inner<S> as Service<Request<ReqBody>>>::Response;
    type Error = S::Error;
    type Future = <Inner<S> as Service<Request<ReqBody>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        match &mut self.service {
            Some(service) => service.poll_ready(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let Some(service) = self.service.take() else {
            unreachable!("there is one request, and it has been passed on")
        };
        let broken = Maybe::new(self.plan.circuit_breaker.as_ref(), service);
        let limited = Maybe::new(self.plan.concurrency.as_ref(), broken);
        Maybe::new(self.plan.coalesce.as_ref(), limited).call(request)
    }
}

impl<S: fmt::Debug> fmt::Debug for Inside<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inside").field("service", &self.service).finish_non_exhaustive()
    }
}
