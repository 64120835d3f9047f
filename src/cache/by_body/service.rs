use std::{
    fmt, mem,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::{
    cache::{Cache, CacheBody, ResponseFuture},
    content::{Read, Reading},
    error::BoxError,
};

/// The service that [`BodyKeyedLayer`](super::BodyKeyedLayer) makes: a [`Cache`] that also answers queries with a body.
///
/// The body is read in the response's future, before it is looked up.
pub struct BodyKeyed<S, Q: Body> {
    cache: Cache<S>,
    reading: Reading<Q>,
}

impl<S, Q: Body> BodyKeyed<S, Q> {
    pub(super) fn new(cache: Cache<S>, reading: Reading<Q>) -> Self {
        Self { cache, reading }
    }

    /// The inner service.
    pub fn get_ref(&self) -> &S {
        self.cache.get_ref()
    }

    /// The inner service.
    pub fn get_mut(&mut self) -> &mut S {
        self.cache.get_mut()
    }

    /// The inner service.
    pub fn into_inner(self) -> S {
        self.cache.into_inner()
    }
}

impl<S, Q, ResBody> Service<Request<Q>> for BodyKeyed<S, Q>
where
    S: Service<Request<Q>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    Q: Body + Send + 'static,
    Q::Data: Send,
    Q::Error: Send,
    ResBody: Body + Send + 'static,
    ResBody::Data: Buf + From<Bytes> + Send,
    ResBody::Error: Into<BoxError>,
{
    type Response = Response<CacheBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResBody, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.cache.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        if !self.reading.concerns(&request) {
            return self.cache.call(request);
        }
        if let Some(why) = self.reading.declines(&request) {
            return self.cache.pass_by(request, why);
        }
        let clone = self.cache.clone();
        let mut cache = mem::replace(&mut self.cache, clone);
        let reading = self.reading.clone();
        ResponseFuture::boxed(Box::pin(async move {
            match reading.read(request, cache.seed()).await {
                Read::Query(request, content) => cache.answer(request, Some(&content)),
                Read::Plain(request) => cache.call(request),
                Read::Unread(request, why) => cache.pass_by(request, why),
            }
            .await
        }))
    }
}

impl<S: Clone, Q: Body> Clone for BodyKeyed<S, Q> {
    fn clone(&self) -> Self {
        Self { cache: self.cache.clone(), reading: self.reading.clone() }
    }
}

impl<S: fmt::Debug, Q: Body> fmt::Debug for BodyKeyed<S, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyKeyed").field("cache", &self.cache).finish_non_exhaustive()
    }
}
