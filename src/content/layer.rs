use std::{fmt, sync::Arc, time::Duration};

use http::Method;
use http_body::Body;
use tower_layer::Layer;

use super::{BodyKeyed, ReplayedBody, reading::Reading};
use crate::head::Head;

/// A `CacheLayer` or a `CoalesceLayer` for queries too that are sent by POST or QUERY, which it tells apart by their body: what
/// `keyed_by_body` of either makes.
///
/// `Q` is the type of a request's body. Neither `L` nor `Q` ever needs to be named.
pub struct BodyKeyedLayer<L, Q: Body> {
    pub(crate) layer: L,
    reading: Reading<Q>,
}

impl<L, Q: Body> BodyKeyedLayer<L, Q> {
    pub(crate) fn new(
        layer: L,
        body: impl Fn(ReplayedBody<Q>) -> Q + Send + Sync + 'static,
    ) -> Self {
        Self { layer, reading: Reading::new(body) }
    }

    /// The methods of queries; POST and QUERY otherwise.
    ///
    /// With GET, a GET that has a body is told apart by it, and does not pass the layer by.
    pub fn methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.reading.queries_mut().methods = methods.into_iter().collect();
        self
    }

    /// Takes only those for queries of which `is_query` says so; others go on to the service, as they do without this layer.
    ///
    /// gRPC calls are queries only if they are named here: **only unary ones may be**. The body of a stream may end after its
    /// answer, and would be waited for [as long as may be](Self::max_body_wait).
    pub fn only(mut self, is_query: impl Fn(&Head<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.reading.queries_mut().only = Some(Arc::new(is_query));
        self
    }

    /// Takes only those for queries of which `is_query` says so, which is shown the body as it was sent.
    ///
    /// Where a client may compress bodies, [`only`](Self::only) keeps out those with `Content-Encoding`: what they say cannot
    /// be read here.
    pub fn only_content(
        mut self,
        is_query: impl Fn(&Head<'_>, &[u8]) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.reading.queries_mut().only_content = Some(Arc::new(is_query));
        self
    }

    /// Lets requests pass the layer by whose body has more bytes; 64 KiB by default. What was read of it until then goes on to
    /// the service with the rest, as that comes.
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.reading.queries_mut().max_body_bytes = bytes;
        self
    }

    /// Lets requests pass the layer by whose body is not there after `time`; 5 seconds by default. What was read of it goes on
    /// to the service with the rest, as that comes.
    pub fn max_body_wait(mut self, time: Duration) -> Self {
        self.reading.queries_mut().max_wait = time;
        self
    }
}

impl<S, L: Layer<S>, Q: Body> Layer<S> for BodyKeyedLayer<L, Q> {
    type Service = BodyKeyed<L::Service, Q>;

    fn layer(&self, inner: S) -> Self::Service {
        BodyKeyed::new(self.layer.layer(inner), self.reading.clone())
    }
}

impl<L: Clone, Q: Body> Clone for BodyKeyedLayer<L, Q> {
    fn clone(&self) -> Self {
        Self { layer: self.layer.clone(), reading: self.reading.clone() }
    }
}

impl<L: fmt::Debug, Q: Body> fmt::Debug for BodyKeyedLayer<L, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyKeyedLayer")
            .field("layer", &self.layer)
            .field("reading", &self.reading)
            .finish()
    }
}
