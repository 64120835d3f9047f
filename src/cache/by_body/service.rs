use std::{
    fmt, mem,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use http::{Method, Request, Response};
use http_body::Body;
use tokio::{runtime::Handle, time::timeout};
use tower_service::Service;

use super::{
    ReplayedBody, content::ContentKey, layer::Restore, queries::Queries, replayed::Unread,
};
use crate::{
    cache::{Cache, CacheBody, ResponseFuture},
    error::BoxError,
    head::Head,
};

/// The service that [`BodyKeyedLayer`](super::BodyKeyedLayer) makes: a [`Cache`] that also answers queries with a body.
///
/// The body is read in the response's future, before it is looked up.
pub struct BodyKeyed<S, Q: Body> {
    cache: Cache<S>,
    queries: Arc<Queries>,
    restore: Restore<Q>,
}

impl<S, Q: Body> BodyKeyed<S, Q> {
    pub(super) fn new(cache: Cache<S>, queries: Arc<Queries>, restore: Restore<Q>) -> Self {
        Self { cache, queries, restore }
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
        let is_plain = request.method() == Method::GET && request.body().is_end_stream();
        if is_plain || !self.queries.include(&Head::of(&request)) {
            return self.cache.call(request);
        }
        if request.body().size_hint().lower() > self.queries.max_body_bytes as u64 {
            return self.cache.pass_by(request, Unread::TooLarge.detail());
        }
        let clone = self.cache.clone();
        let mut cache = mem::replace(&mut self.cache, clone);
        let (queries, restore) = (Arc::clone(&self.queries), Arc::clone(&self.restore));
        ResponseFuture::boxed(Box::pin(async move {
            let (parts, body) = request.into_parts();
            let mut body = ReplayedBody::new(body);
            let why = read(&mut body, &queries).await.err();
            let head = Head::from(&parts);
            let is_query = why.is_none() && queries.include_content(&head, body.content());
            let content = is_query.then(|| ContentKey::of(body.content(), cache.seed()));
            let request = Request::from_parts(parts, restore(body));
            match (why, &content) {
                (None, Some(_)) => cache.answer(request, content.as_ref()),
                (None, None) => cache.call(request),
                (Some(why), _) => cache.pass_by(request, why),
            }
            .await
        }))
    }
}

/// Reads a body as far as it may be read, or says why it is not known.
async fn read<Q: Body>(body: &mut ReplayedBody<Q>, queries: &Queries) -> Result<(), &'static str> {
    let read = body.read(queries.max_body_bytes);
    let read = match Handle::try_current() {
        Ok(_) => timeout(queries.max_wait, read).await.map_err(|_| "request-body-slow")?,
        Err(_) => read.await,
    };
    read.map_err(Unread::detail)
}

impl<S: Clone, Q: Body> Clone for BodyKeyed<S, Q> {
    fn clone(&self) -> Self {
        Self {
            cache: self.cache.clone(),
            queries: Arc::clone(&self.queries),
            restore: Arc::clone(&self.restore),
        }
    }
}

impl<S: fmt::Debug, Q: Body> fmt::Debug for BodyKeyed<S, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyKeyed").field("cache", &self.cache).finish_non_exhaustive()
    }
}
