use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{
    CoalesceBody,
    desk::{Desk, Sorted},
    future::{ResponseFuture, Stage},
    lead::Lead,
    wait::wait,
};
use crate::{
    content::{ContentHash, ContentKey},
    error::BoxError,
    fingerprint::has_unkeyed_body,
    flight::Joined,
    head::Head,
    readied::take_readied,
};

/// The service that [`CoalesceLayer`](super::CoalesceLayer) makes.
///
/// It is ready when the inner service is, and looks in `call` for a call that it can share.
#[derive(Clone)]
pub struct Coalesce<S> {
    inner: S,
    desk: Arc<Desk>,
}

impl<S> Coalesce<S> {
    pub(super) fn new(inner: S, desk: Arc<Desk>) -> Self {
        Self { inner, desk }
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

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Coalesce<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    ReqBody: Body + Send + 'static,
    ResBody: Body + Send + 'static,
    ResBody::Data: Buf + From<Bytes> + Send,
    ResBody::Error: Into<BoxError>,
{
    type Response = Response<CoalesceBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResBody, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        if has_unkeyed_body(&request) {
            return self.pass_by(request);
        }
        self.answer(request, None)
    }
}

impl<S> Coalesce<S> {
    /// How the keys of queries stand for their contents.
    pub(super) fn content_hash(&self) -> ContentHash {
        ContentHash::Secret(self.desk.seed)
    }

    /// Lets a request go to the inner service alone.
    pub(super) fn pass_by<ReqBody, ResBody>(
        &mut self,
        request: Request<ReqBody>,
    ) -> ResponseFuture<S::Future, ResBody, S::Error>
    where
        S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    {
        let write = self.desk.pass(&Head::of(&request));
        let call = self.inner.call(request);
        ResponseFuture::new(Stage::Passed { call, write })
    }

    /// Answers a request. If it is a query, `content` is what tells its body from others.
    pub(super) fn answer<ReqBody, ResBody>(
        &mut self,
        request: Request<ReqBody>,
        content: Option<&ContentKey>,
    ) -> ResponseFuture<S::Future, ResBody, S::Error>
    where
        S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Send,
        ReqBody: Send + 'static,
        ResBody: Body + Send + 'static,
        ResBody::Data: Buf + From<Bytes> + Send,
        ResBody::Error: Into<BoxError>,
    {
        let key = match self.desk.sort(&Head::of(&request), content) {
            Sorted::Shares(key) => key,
            Sorted::Passes(write) => {
                let call = self.inner.call(request);
                return ResponseFuture::new(Stage::Passed { call, write });
            }
        };
        ResponseFuture::new(match self.desk.join(key) {
            Joined::Leads(leader) => {
                let inner = &mut self.inner;
                Stage::Leads(Lead::begin(&self.desk, key, leader, false, inner, request))
            }
            joined => {
                let desk = Arc::clone(&self.desk);
                Stage::Waits(wait(desk, take_readied(&mut self.inner), request, key, joined))
            }
        })
    }
}

impl<S: fmt::Debug> fmt::Debug for Coalesce<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coalesce").field("inner", &self.inner).finish_non_exhaustive()
    }
}
