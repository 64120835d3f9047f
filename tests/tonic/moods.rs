//! A greeter that does what its caller's name says, and counts who came.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
};

use tonic::{
    Request, Response, Status,
    codegen::tokio_stream::{self, Stream, StreamExt},
    server::NamedService,
};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};

use crate::greeter::{HelloReply, HelloRequest, SERVICE};

/// Answers `fine` well. Of streams, `torn` fails after the first reply, and `endless` never ends. All others fail at once.
#[derive(Clone, Default)]
pub(crate) struct Moods {
    pub(crate) came: Arc<AtomicUsize>,
}

type Replies = Pin<Box<dyn Stream<Item = Result<HelloReply, Status>> + Send>>;

fn hello() -> HelloReply {
    HelloReply { message: "Hello!".to_owned() }
}

async fn reply(request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
    match request.into_inner().name.as_str() {
        "fine" => Ok(Response::new(hello())),
        _ => Err(Status::unavailable("in a bad mood")),
    }
}

async fn replies(request: Request<HelloRequest>) -> Result<Response<Replies>, Status> {
    let one = tokio_stream::once(Ok(hello()));
    let replies: Replies = match request.into_inner().name.as_str() {
        "fine" => Box::pin(one),
        "torn" => Box::pin(one.chain(tokio_stream::once(Err(Status::unavailable("torn"))))),
        "endless" => Box::pin(one.chain(tokio_stream::pending())),
        _ => return Err(Status::unavailable("in a bad mood")),
    };
    Ok(Response::new(replies))
}

impl NamedService for Moods {
    const NAME: &'static str = SERVICE;
}

impl Service<http::Request<tonic::body::Body>> for Moods {
    type Response = http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<tonic::body::Body>) -> Self::Future {
        self.came.fetch_add(1, SeqCst);
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(ProstCodec::default());
            Ok(match request.uri().path().ends_with("/SayHello") {
                true => grpc.unary(service_fn(reply), request).await,
                false => grpc.server_streaming(service_fn(replies), request).await,
            })
        })
    }
}
