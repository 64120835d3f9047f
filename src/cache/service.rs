use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use http::{Request, Response, Version};
use http_body::Body;
use tokio::runtime::Handle;
use tower_service::Service;

use super::{
    CacheBody,
    fetch::{fetch, lead},
    future::{ResponseFuture, Stage},
    keeper::{Keeper, Pass, Ruling},
};
use crate::{
    content::{ContentHash, ContentKey},
    error::BoxError,
    fingerprint::has_unkeyed_body,
    flight::Joined,
    head::Head,
    readied::take_readied,
};

/// The service that [`CacheLayer`](super::CacheLayer) makes.
///
/// It is ready when the inner service is, and looks into the store in `call`: a hit never reaches the inner service.
#[derive(Clone)]
pub struct Cache<S> {
    inner: S,
    keeper: Arc<Keeper>,
}

impl<S> Cache<S> {
    pub(super) fn new(inner: S, keeper: Arc<Keeper>) -> Self {
        Self { inner, keeper }
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

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Cache<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    ReqBody: Body + Send + 'static,
    ResBody: Body + Send + 'static,
    ResBody::Data: Buf + From<Bytes> + Send,
    ResBody::Error: Into<BoxError>,
{
    type Response = Response<CacheBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResBody, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        if request.version() > Version::HTTP_11 && has_unkeyed_body(&request) {
            return self.pass_by(request, "request-body");
        }
        self.answer(request, None)
    }
}

impl<S> Cache<S> {
    /// How the keys of queries stand for their contents.
    pub(super) fn content_hash(&self) -> ContentHash {
        self.keeper.shared().content_hash()
    }

    /// Lets a query go to the inner service, for this reason.
    pub(super) fn pass_by<ReqBody, ResBody>(
        &mut self,
        request: Request<ReqBody>,
        why: &'static str,
    ) -> ResponseFuture<S::Future, ResBody, S::Error>
    where
        S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    {
        let pass = self.keeper.bypass(&Head::of(&request), why);
        self.pass(request, pass)
    }

    fn pass<ReqBody, ResBody>(
        &mut self,
        request: Request<ReqBody>,
        pass: Pass,
    ) -> ResponseFuture<S::Future, ResBody, S::Error>
    where
        S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    {
        let keeper = Arc::clone(&self.keeper);
        let call = self.inner.call(request);
        ResponseFuture::new(Stage::Passed { call, pass: Some((pass, keeper)) })
    }

    /// Answers a request. If it is a query, `content` is what tells its body from others.
    #[inline]
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
        match self.keeper.look_up(&Head::of(&request), content) {
            Ruling::Answer(response) => ResponseFuture::new(Stage::Answered(Some(response))),
            Ruling::Pass(pass) => self.pass(request, pass),
            Ruling::Fetch(errand) => {
                let keeper = Arc::clone(&self.keeper);
                ResponseFuture::boxed(Box::pin(fetch(
                    keeper,
                    take_readied(&mut self.inner),
                    request,
                    errand,
                )))
            }
            Ruling::Refresh(response, errand) => {
                // Once: whoever finds that it is under way leaves it at that.
                if let Ok(runtime) = Handle::try_current()
                    && let Joined::Leads(leader) = self.keeper.flights().join(errand.flight)
                {
                    self.keeper.meters().refreshes.increment(1);
                    let keeper = Arc::clone(&self.keeper);
                    let refresh =
                        lead(keeper, take_readied(&mut self.inner), request, errand, leader, false);
                    runtime.spawn(async { drop(refresh.await) });
                }
                ResponseFuture::new(Stage::Answered(Some(response)))
            }
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for Cache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("inner", &self.inner).finish_non_exhaustive()
    }
}
