use std::{
    fmt,
    marker::PhantomData,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{
    Announced, Uploads,
    future::ResponseFuture,
    layer::Profiler,
    recording::{Recording, Running},
};
use crate::body::GuardedBody;

/// The service of [`ProfileLayer`](super::ProfileLayer).
pub struct Profiled<S, U = Announced> {
    inner: S,
    profiler: Arc<Profiler>,
    _uploads: PhantomData<fn() -> U>,
}

impl<S, U> Profiled<S, U> {
    pub(super) fn new(inner: S, profiler: Arc<Profiler>) -> Self {
        Self { inner, profiler, _uploads: PhantomData }
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

impl<S, U, ReqBody, ResBody> Service<Request<ReqBody>> for Profiled<S, U>
where
    S: Service<Request<U::Body<ReqBody>>, Response = Response<ResBody>>,
    U: Uploads,
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
        let request = U::prepare(request, recording.as_mut());
        let running = recording.map(Recording::start);
        ResponseFuture {
            inner: self.inner.call(request),
            recording: running.map(Running::stop),
            server_timing,
        }
    }
}

impl<S: Clone, U> Clone for Profiled<S, U> {
    fn clone(&self) -> Self {
        let profiler = Arc::clone(&self.profiler);
        Self { inner: self.inner.clone(), profiler, _uploads: PhantomData }
    }
}

impl<S: fmt::Debug, U> fmt::Debug for Profiled<S, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profiled").field("inner", &self.inner).finish_non_exhaustive()
    }
}
