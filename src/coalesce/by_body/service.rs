use std::{
    fmt, mem,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::{
    coalesce::{Coalesce, CoalesceBody, ResponseFuture, future::Stage},
    content::{Read, Reading},
    error::BoxError,
};

/// The service that [`BodyKeyedLayer`](super::BodyKeyedLayer) makes: a [`Coalesce`] whose calls queries with a body share too.
///
/// The body is read in the response's future, before a call is looked for that it can share.
pub struct BodyKeyed<S, Q: Body> {
    coalesce: Coalesce<S>,
    reading: Reading<Q>,
}

impl<S, Q: Body> BodyKeyed<S, Q> {
    pub(super) fn new(coalesce: Coalesce<S>, reading: Reading<Q>) -> Self {
        Self { coalesce, reading }
    }

    /// The inner service.
    pub fn get_ref(&self) -> &S {
        self.coalesce.get_ref()
    }

    /// The inner service.
    pub fn get_mut(&mut self) -> &mut S {
        self.coalesce.get_mut()
    }

    /// The inner service.
    pub fn into_inner(self) -> S {
        self.coalesce.into_inner()
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
    type Response = Response<CoalesceBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResBody, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.coalesce.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        if !self.reading.concerns(&request) {
            return self.coalesce.call(request);
        }
        if self.reading.declines(&request).is_some() {
            return self.coalesce.pass_by(request);
        }
        let clone = self.coalesce.clone();
        let mut coalesce = mem::replace(&mut self.coalesce, clone);
        let reading = self.reading.clone();
        ResponseFuture::new(Stage::Waits(Box::pin(async move {
            match reading.read(request, coalesce.seed()).await {
                Read::Query(request, content) => coalesce.answer(request, Some(&content)),
                Read::Plain(request) => coalesce.call(request),
                Read::Unread(request, _) => coalesce.pass_by(request),
            }
            .await
        })))
    }
}

impl<S: Clone, Q: Body> Clone for BodyKeyed<S, Q> {
    fn clone(&self) -> Self {
        Self { coalesce: self.coalesce.clone(), reading: self.reading.clone() }
    }
}

impl<S: fmt::Debug, Q: Body> fmt::Debug for BodyKeyed<S, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyKeyed").field("coalesce", &self.coalesce).finish_non_exhaustive()
    }
}
