use std::{fmt, sync::Arc, time::Duration};

use http::Method;
use http_body::Body;
use tower_layer::Layer;

use super::BodyKeyed;
use crate::{
    cache::{CacheLayer, Handle},
    content::{Reading, ReplayedBody},
    head::Head,
};

/// A [`CacheLayer`] that also stores the answers to queries that are sent by POST or QUERY, and tells them apart by their body:
/// [`CacheLayer::keyed_by_body`].
///
/// `Q` is the type of a request's body, and never needs to be named.
pub struct BodyKeyedLayer<Q: Body> {
    cache: CacheLayer,
    reading: Reading<Q>,
}

impl CacheLayer {
    /// Also stores the answers to POST and QUERY, by the body of the request.
    ///
    /// **Every such request must be safe: one that may be answered from the store does not reach the service.** Name those that
    /// are by [`only`](BodyKeyedLayer::only), and where queries and changes are sent alike, as with GraphQL, tell them apart by
    /// [`only_content`](BodyKeyedLayer::only_content).
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
    /// The service gets a body of the type that it wants: `body` makes one of the [`ReplayedBody`], which is `axum::body::Body::new`
    /// in axum, `tonic::body::Body::new` in tonic, and `BodyExt::boxed` or `BodyExt::boxed_unsync` of `http-body-util` elsewhere.
    ///
    /// What enters the key, besides what enters it for all requests: all bytes of the body as a hash of 128 bits, `Content-Type`
    /// and `Content-Encoding`; of gRPC calls `grpc-encoding` and `grpc-accept-encoding`, and not the deadline. It is settled
    /// before the request reaches the service: settings of the [`CacheLayer`] come before this call.
    pub fn keyed_by_body<Q>(
        self,
        body: impl Fn(ReplayedBody<Q>) -> Q + Send + Sync + 'static,
    ) -> BodyKeyedLayer<Q>
    where
        Q: Body,
    {
        BodyKeyedLayer { cache: self, reading: Reading::new(body) }
    }
}

impl<Q: Body> BodyKeyedLayer<Q> {
    /// The methods of queries; POST and QUERY otherwise.
    ///
    /// With GET, a GET that has a body is told apart by it, and does not pass the cache by.
    pub fn methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.reading.queries_mut().methods = methods.into_iter().collect();
        self
    }

    /// Takes only those for queries of which `is_query` says so; others go on to the service, as they do without this layer.
    ///
    /// gRPC calls are queries only if they are named here: **only unary ones may be**. The body of a stream may end after its
    /// answer, and would be waited for [as long as may be](BodyKeyedLayer::max_body_wait).
    pub fn only(mut self, is_query: impl Fn(&Head<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.reading.queries_mut().only = Some(Arc::new(is_query));
        self
    }

    /// Takes only those for queries of which `is_query` says so, which is shown the body as it was sent.
    ///
    /// ```
    /// # use axum::body::Body;
    /// # use tower_weir::cache::{CacheLayer, MemoryStore};
    /// # let layer = CacheLayer::new(MemoryStore::with_max_bytes(64 << 20));
    /// # let layer = layer.keyed_by_body(Body::new);
    /// let layer = layer
    ///     .only(|head| head.uri.path() == "/graphql" && !head.headers.contains_key("content-encoding"))
    ///     // Too careful: it takes a query with that word in it for a change. The other mistake would lose changes.
    ///     .only_content(|_, content| !content.windows(8).any(|word| word == b"mutation"));
    /// # let _: axum::Router = axum::Router::new().layer(layer);
    /// ```
    pub fn only_content(
        mut self,
        is_query: impl Fn(&Head<'_>, &[u8]) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.reading.queries_mut().only_content = Some(Arc::new(is_query));
        self
    }

    /// Lets requests pass the cache by whose body has more bytes; 64 KiB by default. What was read of it until then goes on to
    /// the service with the rest, as that comes.
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.reading.queries_mut().max_body_bytes = bytes;
        self
    }

    /// Lets requests pass the cache by whose body is not there after `time`; 5 seconds by default. What was read of it goes on to
    /// the service with the rest, as that comes.
    pub fn max_body_wait(mut self, time: Duration) -> Self {
        self.reading.queries_mut().max_wait = time;
        self
    }

    /// Reads and purges the cache while it is at work.
    pub fn handle(&self) -> Handle {
        self.cache.handle()
    }
}

impl<S, Q: Body> Layer<S> for BodyKeyedLayer<Q> {
    type Service = BodyKeyed<S, Q>;

    fn layer(&self, inner: S) -> BodyKeyed<S, Q> {
        BodyKeyed::new(self.cache.layer(inner), self.reading.clone())
    }
}

impl<Q: Body> Clone for BodyKeyedLayer<Q> {
    fn clone(&self) -> Self {
        Self { cache: self.cache.clone(), reading: self.reading.clone() }
    }
}

impl<Q: Body> fmt::Debug for BodyKeyedLayer<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyKeyedLayer")
            .field("cache", &self.cache)
            .field("reading", &self.reading)
            .finish()
    }
}
