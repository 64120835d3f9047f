use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{future::ResponseFuture, layer::Profiler, recording::Recording};
use crate::body::{Guard, GuardedBody};

/// The service of [`ProfileLayer`](super::ProfileLayer).
#[derive(Clone)]
pub struct Profiled<S> {
    inner: S,
    profiler: Arc<Profiler>,
}

impl<S> Profiled<S> {
    pub(super) fn new(inner: S, profiler: Arc<Profiler>) -> Self {
        Self { inner, profiler }
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

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Profiled<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ReqBody: Body,
    ResBody: Body,
{
    type Response = Response<GuardedBody<ResBody, Recording>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let server_timing = self.profiler.server_timing;
        let mut recording = self.profiler.begin(&mut request);
        let inner = match &mut recording {
            Some(recording) => recording.around(|| self.inner.call(request)),
            None => self.inner.call(request),
        };
        ResponseFuture { inner, recording, server_timing }
    }
}

impl<S: fmt::Debug> fmt::Debug for Profiled<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profiled").field("inner", &self.inner).finish_non_exhaustive()
    }
}
