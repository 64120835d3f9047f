use std::{fmt, sync::Arc};

use http::{Method, Request};
use http_body::Body;
use tokio::{runtime::Handle, time::timeout};

use super::{ContentHash, ContentKey, ReplayedBody, queries::Queries, replayed::Unread};
use crate::head::Head;

/// Makes the body of a request of what was read of it.
type Restore<Q> = Arc<dyn Fn(ReplayedBody<Q>) -> Q + Send + Sync>;

/// How the bodies of requests are read, and of which.
pub(super) struct Reading<Q: Body> {
    queries: Arc<Queries>,
    restore: Restore<Q>,
}

/// What a request turned out to be.
pub(super) enum Read<Q> {
    /// A query with this content.
    Query(Request<Q>, ContentKey),
    /// None, by the operator's word.
    Plain(Request<Q>),
    /// Its content is not known, for this reason.
    Unread(Request<Q>, &'static str),
}

impl<Q: Body> Reading<Q> {
    pub(super) fn new(body: impl Fn(ReplayedBody<Q>) -> Q + Send + Sync + 'static) -> Self {
        Self { queries: Arc::default(), restore: Arc::new(body) }
    }

    pub(super) fn queries_mut(&mut self) -> &mut Queries {
        Arc::make_mut(&mut self.queries)
    }

    /// Whether the content of a request must be known, as far as its head tells.
    pub(super) fn concerns(&self, request: &Request<Q>) -> bool {
        let is_plain = request.method() == Method::GET && request.body().is_end_stream();
        !is_plain && self.queries.include(&Head::of(request))
    }

    /// Why the content of a request cannot be known, as far as it tells beforehand.
    pub(super) fn declines(&self, request: &Request<Q>) -> Option<&'static str> {
        let is_too_large = request.body().size_hint().lower() > self.queries.max_body_bytes as u64;
        is_too_large.then(|| Unread::TooLarge.detail())
    }

    /// Reads the body of a request that it [concerns](Self::concerns).
    pub(super) async fn read(&self, request: Request<Q>, hash: ContentHash) -> Read<Q> {
        let (parts, body) = request.into_parts();
        let mut body = ReplayedBody::new(body);
        let read = self.read_body(&mut body).await;
        let include = || self.queries.include_content(&Head::from(&parts), body.content());
        let content = read.map(|()| include().then(|| ContentKey::of(body.content(), hash)));
        let request = Request::from_parts(parts, (self.restore)(body));
        match content {
            Ok(Some(content)) => Read::Query(request, content),
            Ok(None) => Read::Plain(request),
            Err(why) => Read::Unread(request, why),
        }
    }

    /// Reads a body as far as it may be read, or says why it is not known.
    async fn read_body(&self, body: &mut ReplayedBody<Q>) -> Result<(), &'static str> {
        let read = body.read(self.queries.max_body_bytes);
        let read = match Handle::try_current() {
            Ok(_) => timeout(self.queries.max_wait, read).await.map_err(|_| "request-body-slow")?,
            Err(_) => read.await,
        };
        read.map_err(Unread::detail)
    }
}

impl<Q: Body> Clone for Reading<Q> {
    fn clone(&self) -> Self {
        Self { queries: Arc::clone(&self.queries), restore: Arc::clone(&self.restore) }
    }
}

impl<Q: Body> fmt::Debug for Reading<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading")
            .field("methods", &self.queries.methods)
            .field("max_body_bytes", &self.queries.max_body_bytes)
            .finish_non_exhaustive()
    }
}
