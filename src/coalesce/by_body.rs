use bytes::{Buf, Bytes};
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{
    BodyKeyed, BodyKeyedLayer, Coalesce, CoalesceLayer, Handle, ResponseFuture,
    future::{Stage, Waiting},
};
use crate::{
    content::{ByContent, ContentHash, ContentKey, ReplayedBody},
    error::BoxError,
};

impl CoalesceLayer {
    /// Lets queries that are sent by POST and QUERY share calls too, if their bodies are the same.
    ///
    /// **Every such request must be safe: one that shares the call of another does not reach the service.** Name those that are
    /// by [`only`](BodyKeyedLayer::only), and where queries and changes are sent alike, as with GraphQL, tell them apart by
    /// [`only_content`](BodyKeyedLayer::only_content). gRPC calls are queries only if they are named:
    ///
    /// ```
    /// use tonic::{body::Body, transport::Server};
    /// use tower_weir::coalesce::CoalesceLayer;
    ///
    /// let layer = CoalesceLayer::new()
    ///     .keyed_by_body(Body::new)
    ///     .only(|head| head.uri.path() == "/catalog.Catalog/GetProduct");
    /// let server = Server::builder().layer(layer);
    /// ```
    ///
    /// The service gets a body of the type that it wants: `body` makes one of the [`ReplayedBody`], which is
    /// `axum::body::Body::new` in axum, `tonic::body::Body::new` in tonic, and `BodyExt::boxed` or `BodyExt::boxed_unsync` of
    /// `http-body-util` elsewhere.
    ///
    /// What enters the key, besides what enters it for all requests: all bytes of the body as a hash of 128 bits,
    /// `Content-Type` and `Content-Encoding`; of gRPC calls `grpc-encoding` and `grpc-accept-encoding`, and not the deadline,
    /// so that who waits longer may get the answer to who waits less. Other metadata that the answer depends on belongs into
    /// the [fingerprint](CoalesceLayer::fingerprint). Settings of the [`CoalesceLayer`] come before this call.
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

impl<Q: Body> BodyKeyedLayer<CoalesceLayer, Q> {
    /// Reads what the layer does while it is at work.
    pub fn handle(&self) -> Handle {
        self.layer.handle()
    }
}

impl<S, Q: Body> BodyKeyed<Coalesce<S>, Q> {
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

impl<S, Q, ResBody> ByContent<Q> for Coalesce<S>
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

    fn pass_by(&mut self, query: Request<Q>, _: &'static str) -> Self::Future {
        self.pass_by(query)
    }

    fn boxed(future: Waiting<ResBody, S::Error>) -> Self::Future {
        ResponseFuture::new(Stage::Waits(future))
    }
}
