//! A client of the greeter over anything that sends calls: a channel, or one with a layer around it.

use std::net::SocketAddr;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http_body::Body as HttpBody;
use tonic::{
    Request, Response, Status,
    body::Body,
    client::{Grpc, GrpcService},
    transport::{Channel, Endpoint},
};
use tonic_prost::ProstCodec;
use tower::BoxError;

use crate::greeter::{HelloReply, HelloRequest};

/// A connection to a server.
pub(crate) async fn connect(addr: SocketAddr) -> Channel {
    Endpoint::try_from(format!("http://{addr}")).unwrap().connect().await.unwrap()
}

pub(crate) fn named(name: &str) -> Request<HelloRequest> {
    Request::new(HelloRequest { name: name.to_owned() })
}

#[derive(Clone)]
pub(crate) struct Client<C>(pub(crate) C);

impl<C> Client<C>
where
    C: GrpcService<Body> + Clone,
    C::Error: Into<BoxError>,
    C::ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    <C::ResponseBody as HttpBody>::Error: Into<BoxError> + Send,
{
    pub(crate) async fn ready(&self) -> Grpc<C> {
        let mut grpc = Grpc::new(self.0.clone());
        grpc.ready().await.map_err(Into::into).unwrap();
        grpc
    }

    pub(crate) async fn send(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let path = PathAndQuery::from_static("/greet.v1.Greeter/SayHello");
        let codec = ProstCodec::<HelloRequest, HelloReply>::default();
        self.ready().await.unary(request, path, codec).await
    }

    /// The message of the reply.
    pub(crate) async fn say(&self, request: Request<HelloRequest>) -> Result<String, Status> {
        Ok(self.send(request).await?.into_inner().message)
    }

    pub(crate) async fn hello(&self, name: &str) -> Result<String, Status> {
        self.say(named(name)).await
    }
}
