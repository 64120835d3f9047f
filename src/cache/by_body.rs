use bytes::{Buf, Bytes};
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{
    BodyKeyed, BodyKeyedLayer, Cache, CacheLayer, Handle, ResponseFuture, future::Fetching,
};
use crate::{
    content::{ByContent, ContentHash, ContentKey, ReplayedBody},
    error::BoxError,
};

impl CacheLayer {
    /// Also stores the answers to POST and QUERY, by the body of the request.
    ///
    /// **Every such request must be safe: one that may be answered from the store does not reach the service.** Name those that
    /// are by [`only`](BodyKeyedLayer::only):
    ///
    /// ```
    /// use std::time::Duration;
    /// use axum::{Router, body::Body, routing::post};
    /// use tower_weir::cache::{CacheLayer, MemoryStore};
    ///
    /// let layer = CacheLayer::new(MemoryStore::with_max_bytes(64 << 20))
    ///     .default_ttl(Duration::from_secs(30))
    ///     .keyed_by_body(Body::new)
    ///     .only(|head| head.uri.path() == "/search");
    ///
    /// let app: Router = Router::new().route("/search", post(async |query: String| query)).layer(layer);
    /// ```
    ///
    /// Where queries and changes are sent alike, as with GraphQL, tell them apart by
    /// [`only_content`](BodyKeyedLayer::only_content):
    ///
    /// ```
    /// # use axum::body::Body;
    /// # use tower_weir::cache::{CacheLayer, MemoryStore};
    /// # let layer = CacheLayer::new(MemoryStore::with_max_bytes(64 << 20));
    /// let layer = layer
    ///     .keyed_by_body(Body::new)
    ///     .only(|head| head.uri.path() == "/graphql" && !head.headers.contains_key("content-encoding"))
    ///     // Too careful: it takes a query with that word in it for a change. The other mistake would lose changes.
    ///     .only_content(|_, content| !content.windows(8).any(|word| word == b"mutation"));
    /// # let _: axum::Router = axum::Router::new().layer(layer);
    /// ```
    ///
    /// The service gets a body of the type that it wants: `body` makes one of the [`ReplayedBody`], which is
    /// `axum::body::Body::new` in axum, `tonic::body::Body::new` in tonic, and `BodyExt::boxed` or `BodyExt::boxed_unsync` of
    /// `http-body-util` elsewhere.
    ///
    /// What enters the key, besides what enters it for all requests: all bytes of the body as a hash of 128 bits,
    /// `Content-Type` and `Content-Encoding`; of gRPC calls `grpc-encoding` and `grpc-accept-encoding`, and not the deadline.
    /// It is settled before the request reaches the service: settings of the [`CacheLayer`] come before this call.
    pub fn keyed_by_body<Q>(
        self,
        body: impl Fn(ReplayedBody<Q>) -> Q + Send + Sync + 'static,
    ) -> BodyKeyedLayer<Self, Q>
    where
        Q: Body,
    {
        BodyKeyedLayer::new(self, body)
    }
}

impl<Q: Body> BodyKeyedLayer<CacheLayer, Q> {
    /// Reads and purges the cache while it is at work.
    pub fn handle(&self) -> Handle {
        self.layer.handle()
    }
}

impl<S, Q: Body> BodyKeyed<Cache<S>, Q> {
    /// The inner service.
    pub fn get_ref(&self) -> &S {
        self.service.get_ref()
    }

    /// The inner service.
    pub fn get_mut(&mut self) -> &mut S {
        self.service.get_mut()
    }

    /// The inner service.
    pub fn into_inner(self) -> S {
        self.service.into_inner()
    }
}

impl<S, Q, ResBody> ByContent<Q> for Cache<S>
where
    S: Service<Request<Q>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    Q: Body + Send + 'static,
    ResBody: Body + Send + 'static,
    ResBody::Data: Buf + From<Bytes> + Send,
    ResBody::Error: Into<BoxError>,
{
    fn content_hash(&self) -> ContentHash {
        self.content_hash()
    }

    fn answer(&mut self, query: Request<Q>, content: &ContentKey) -> Self::Future {
        self.answer(query, Some(content))
    }

    fn pass_by(&mut self, query: Request<Q>, why: &'static str) -> Self::Future {
        self.pass_by(query, why)
    }

    fn boxed(future: Fetching<ResBody, S::Error>) -> Self::Future {
        ResponseFuture::boxed(future)
    }
}
