use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{admission::Admission, call::Call, future::ResponseFuture};
use crate::{body::ResponseBody, head::Head};

/// The service that [`CircuitBreakerLayer`](super::CircuitBreakerLayer) makes.
///
/// It is ready when the inner service is, and decides in `call`: axum and hyper clone a service for each request, so a
/// decision in `poll_ready` would be made for a clone that is then not the one called. An inner service that is not ready, or
/// fails to be, says nothing to the breaker: no request has been made.
#[derive(Clone)]
pub struct CircuitBreaker<S> {
    inner: S,
    admission: Arc<Admission>,
}

impl<S> CircuitBreaker<S> {
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

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for CircuitBreaker<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Body,
{
    type Response = Response<ResponseBody<ResBody, Call>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        match self.admission.admit(&Head::of(&request)) {
            // A call is running from the start, so one whose service panics here has failed.
            Ok(call) => ResponseFuture {
                inner: Some(self.inner.call(request)),
                call: call.map(Call::stopped),
                rejected: None,
            },
            Err(answer) => ResponseFuture { inner: None, call: None, rejected: Some(answer) },
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for CircuitBreaker<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker").field("inner", &self.inner).finish_non_exhaustive()
    }
}
