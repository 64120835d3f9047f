use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use http::Request;
use http_body::Body;
use tower_service::Service;

use super::{
    ContentHash, ContentKey,
    reading::{Read, Reading},
};
use crate::readied::take_readied;

/// A `Cache` or a `Coalesce` for queries with a body too: the service that [`BodyKeyedLayer`](super::BodyKeyedLayer) makes.
///
/// The body is read in the response's future, before anything is looked for. It is a [`Service`] of whatever `C` is one of.
pub struct BodyKeyed<C, Q: Body> {
    pub(crate) service: C,
    reading: Reading<Q>,
}

/// What a service must be able to do to be [keyed by body](BodyKeyed).
///
/// Public only as a bound: it is not exported, so that nobody else can implement it.
pub trait ByContent<Q>: Service<Request<Q>, Future: Send> {
    /// How its keys stand for contents.
    fn content_hash(&self) -> ContentHash;

    /// Answers a query with this content.
    fn answer(&mut self, query: Request<Q>, content: &ContentKey) -> Self::Future;

    /// Lets a query go to the service inside whose content is not known, for this reason.
    fn pass_by(&mut self, query: Request<Q>, why: &'static str) -> Self::Future;

    /// Its future, for requests of which more must be known first.
    fn boxed(future: Boxed<Self::Response, Self::Error>) -> Self::Future;
}

type Boxed<R, E> = Pin<Box<dyn Future<Output = Result<R, E>> + Send>>;

impl<C, Q: Body> BodyKeyed<C, Q> {
    pub(super) fn new(service: C, reading: Reading<Q>) -> Self {
        Self { service, reading }
    }
}

impl<C, Q> Service<Request<Q>> for BodyKeyed<C, Q>
where
    C: ByContent<Q> + Clone + Send + 'static,
    Q: Body + Send + 'static,
    Q::Data: Send,
    Q::Error: Send,
{
    type Response = C::Response;
    type Error = C::Error;
    type Future = C::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), C::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Q>) -> C::Future {
        if !self.reading.concerns(&request) {
            return self.service.call(request);
        }
        if let Some(why) = self.reading.declines(&request) {
            return self.service.pass_by(request, why);
        }
        let mut service = take_readied(&mut self.service);
        let reading = self.reading.clone();
        C::boxed(Box::pin(async move {
            match reading.read(request, service.content_hash()).await {
                Read::Query(request, content) => service.answer(request, &content),
                Read::Plain(request) => service.call(request),
                Read::Unread(request, why) => service.pass_by(request, why),
            }
            .await
        }))
    }
}

impl<C: Clone, Q: Body> Clone for BodyKeyed<C, Q> {
    fn clone(&self) -> Self {
        Self { service: self.service.clone(), reading: self.reading.clone() }
    }
}

impl<C: fmt::Debug, Q: Body> fmt::Debug for BodyKeyed<C, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyKeyed").field("service", &self.service).finish_non_exhaustive()
    }
}
