//! The service `greet.v1.Greeter`, written by hand as `tonic-prost-build` would generate it from
//!
//! ```proto
//! package greet.v1;
//!
//! message HelloRequest { string name = 1; }
//! message HelloReply { string message = 1; }
//!
//! service Greeter {
//!   rpc SayHello (HelloRequest) returns (HelloReply);
//!   rpc SayGoodbye (HelloRequest) returns (HelloReply);
//!   rpc SayHellos (HelloRequest) returns (stream HelloReply);
//! }
//! ```
//!
//! so that building it needs no `protoc`.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::uri::PathAndQuery;
use tonic::{
    Request, Response, Status, Streaming,
    body::Body,
    client::GrpcService,
    codegen::{Body as HttpBody, StdError, tokio_stream},
    server::NamedService,
};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};

pub(crate) const SERVICE: &str = "greet.v1.Greeter";
const SAY_HELLO: &str = "/greet.v1.Greeter/SayHello";
const SAY_GOODBYE: &str = "/greet.v1.Greeter/SayGoodbye";
const SAY_HELLOS: &str = "/greet.v1.Greeter/SayHellos";

/// How many replies `SayHellos` streams.
pub(crate) const HELLOS: usize = 3;

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct HelloRequest {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct HelloReply {
    #[prost(string, tag = "1")]
    pub(crate) message: String,
}

/// Greets whoever gives a name; `INVALID_ARGUMENT` without one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct GreeterServer;

fn greeting(word: &str, request: Request<HelloRequest>) -> Result<HelloReply, Status> {
    match request.into_inner().name {
        name if name.is_empty() => Err(Status::invalid_argument("name is empty")),
        name => Ok(HelloReply { message: format!("{word}, {name}!") }),
    }
}

async fn say_hello(request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
    greeting("Hello", request).map(Response::new)
}

async fn say_goodbye(request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
    greeting("Goodbye", request).map(Response::new)
}

type Replies = tokio_stream::Iter<std::vec::IntoIter<Result<HelloReply, Status>>>;

async fn say_hellos(request: Request<HelloRequest>) -> Result<Response<Replies>, Status> {
    let reply = greeting("Hello", request)?;
    Ok(Response::new(tokio_stream::iter(vec![Ok(reply); HELLOS])))
}

impl NamedService for GreeterServer {
    const NAME: &'static str = SERVICE;
}

impl<B> Service<http::Request<B>> for GreeterServer
where
    B: HttpBody + Send + 'static,
    B::Error: Into<StdError> + Send,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        Box::pin(async move {
            let codec = ProstCodec::<HelloReply, HelloRequest>::default();
            let mut grpc = tonic::server::Grpc::new(codec);
            Ok(match request.uri().path() {
                SAY_HELLO => grpc.unary(service_fn(say_hello), request).await,
                SAY_GOODBYE => grpc.unary(service_fn(say_goodbye), request).await,
                SAY_HELLOS => grpc.server_streaming(service_fn(say_hellos), request).await,
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}

/// Calls the service through a `tonic::transport::Channel`, or any service like one.
#[derive(Clone, Debug)]
pub(crate) struct GreeterClient<C> {
    grpc: tonic::client::Grpc<C>,
}

impl<C> GreeterClient<C>
where
    C: GrpcService<Body>,
    C::ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    <C::ResponseBody as HttpBody>::Error: Into<StdError> + Send,
{
    pub(crate) fn new(channel: C) -> Self {
        Self { grpc: tonic::client::Grpc::new(channel) }
    }

    pub(crate) async fn say_hello(&mut self, name: &str) -> Result<Response<HelloReply>, Status> {
        self.unary(SAY_HELLO, name).await
    }

    pub(crate) async fn say_goodbye(&mut self, name: &str) -> Result<Response<HelloReply>, Status> {
        self.unary(SAY_GOODBYE, name).await
    }

    pub(crate) async fn say_hellos(
        &mut self,
        name: &str,
    ) -> Result<Response<Streaming<HelloReply>>, Status> {
        self.ready().await?;
        let path = PathAndQuery::from_static(SAY_HELLOS);
        self.grpc.server_streaming(request(name), path, codec()).await
    }

    async fn unary(
        &mut self,
        path: &'static str,
        name: &str,
    ) -> Result<Response<HelloReply>, Status> {
        self.ready().await?;
        self.grpc.unary(request(name), PathAndQuery::from_static(path), codec()).await
    }

    async fn ready(&mut self) -> Result<(), Status> {
        let ready = self.grpc.ready().await;
        ready.map_err(|error| Status::unavailable(format!("not ready: {}", error.into())))
    }
}

fn request(name: &str) -> Request<HelloRequest> {
    Request::new(HelloRequest { name: name.to_owned() })
}

fn codec() -> ProstCodec<HelloRequest, HelloReply> {
    ProstCodec::default()
}
