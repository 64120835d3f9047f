//! The cache in tonic, over a socket: around a server, and around a client's channel.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::uri::PathAndQuery;
use tokio::sync::mpsc;
use tonic::{
    Code, Request, Response, Status, Streaming,
    body::Body,
    client::GrpcService,
    codegen::tokio_stream::{self, Stream, StreamExt, wrappers::ReceiverStream},
    metadata::MetadataValue,
    server::NamedService,
    transport::server::TcpIncoming,
};
use tonic_prost::ProstCodec;
use tower::{BoxError, Service, ServiceBuilder, service_fn};
use tower_weir::{
    cache::{BodyKeyedLayer, CacheLayer, MemoryStore},
    clock::{Clock, ManualClock},
};

use crate::{
    calls::{Client, connect, named},
    client::{Server, listen},
    greeter::{HelloReply, HelloRequest, SERVICE},
};

/// A greeter that counts its calls, and tells in each reply how many there were before.
///
/// `bad` gets an error; a stream for `torn` ends in one after its first reply. What is called `/Chat` replies to each message.
#[derive(Clone, Default)]
struct Counted(Arc<AtomicUsize>);

type Replies = Pin<Box<dyn Stream<Item = Result<HelloReply, Status>> + Send>>;

impl Counted {
    fn reply(&self, name: &str) -> HelloReply {
        HelloReply { message: format!("{name} {}", self.0.fetch_add(1, SeqCst)) }
    }

    async fn hello(self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        let wanted = request.metadata().get("x-want").cloned();
        let name = request.into_inner().name;
        let mut reply = Response::new(self.reply(&name));
        reply.metadata_mut().insert("x-of", name.parse().unwrap());
        if let Some(wanted) = wanted {
            reply.metadata_mut().insert("cache-control", wanted);
        }
        if name == "bad" { Err(Status::unavailable("as asked")) } else { Ok(reply) }
    }

    async fn hellos(self, request: Request<HelloRequest>) -> Result<Response<Replies>, Status> {
        let name = request.into_inner().name;
        let last =
            if name == "torn" { Err(Status::aborted("torn")) } else { Ok(self.reply(&name)) };
        Ok(Response::new(Box::pin(tokio_stream::iter([Ok(self.reply(&name)), last]))))
    }

    async fn chat(
        self,
        request: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<Replies>, Status> {
        let replies = request.into_inner().map(move |said| Ok(self.reply(&said?.name)));
        Ok(Response::new(Box::pin(replies)))
    }
}

impl NamedService for Counted {
    const NAME: &'static str = SERVICE;
}

impl Service<http::Request<Body>> for Counted {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(ProstCodec::default());
            Ok(match request.uri().path().rsplit('/').next() {
                Some("SayHello") => {
                    grpc.unary(service_fn(|it| this.clone().hello(it)), request).await
                }
                Some("SayHellos") => {
                    grpc.server_streaming(service_fn(|it| this.clone().hellos(it)), request).await
                }
                _ => grpc.streaming(service_fn(|it| this.clone().chat(it)), request).await,
            })
        })
    }
}

impl<C> Client<C>
where
    C: GrpcService<Body> + Clone,
    C::Error: Into<BoxError>,
    C::ResponseBody: http_body::Body<Data = Bytes> + Send + 'static,
    <C::ResponseBody as http_body::Body>::Error: Into<BoxError> + Send,
{
    /// All of a stream, and whether it ends well.
    async fn hellos(&self, name: &str) -> (Vec<String>, Code) {
        let path = PathAndQuery::from_static("/greet.v1.Greeter/SayHellos");
        let codec = ProstCodec::<HelloRequest, HelloReply>::default();
        let mut grpc = self.ready().await;
        let mut stream =
            grpc.server_streaming(named(name), path, codec).await.unwrap().into_inner();
        let mut messages = Vec::new();
        loop {
            match stream.message().await {
                Ok(Some(reply)) => messages.push(reply.message),
                Ok(None) => return (messages, Code::Ok),
                Err(status) => return (messages, status.code()),
            }
        }
    }

    async fn chat(&self, said: ReceiverStream<HelloRequest>) -> Streaming<HelloReply> {
        let path = PathAndQuery::from_static("/greet.v1.Greeter/Chat");
        let codec = ProstCodec::<HelloRequest, HelloReply>::default();
        self.ready().await.streaming(Request::new(said), path, codec).await.unwrap().into_inner()
    }
}

/// A server with the layer around it, and its client.
macro_rules! served {
    ($layer:expr) => {{
        let (listener, addr) = listen().await;
        let (layer, counted) = ($layer, Counted::default());
        let service = counted.clone();
        let server = Server::spawn(async move {
            let server = tonic::transport::Server::builder().layer(layer).add_service(service);
            server.serve_with_incoming(TcpIncoming::from(listener)).await.unwrap();
        });
        (Client(connect(addr).await), counted, server)
    }};
}

/// A server, and its client with the layer around its channel.
macro_rules! called {
    ($layer:expr) => {{
        let (listener, addr) = listen().await;
        let counted = Counted::default();
        let service = counted.clone();
        let server = Server::spawn(async move {
            let server = tonic::transport::Server::builder().add_service(service);
            server.serve_with_incoming(TcpIncoming::from(listener)).await.unwrap();
        });
        let channel = ServiceBuilder::new().layer($layer).service(connect(addr).await);
        (Client(channel), counted, server)
    }};
}

/// All calls but chats are kept for a minute.
fn layer() -> (BodyKeyedLayer<CacheLayer, Body>, ManualClock) {
    let (clock, hand) = Clock::manual();
    let layer = CacheLayer::new(MemoryStore::with_max_bytes(16 << 20)).clock(clock);
    let layer = layer.default_ttl(Duration::from_secs(60)).keyed_by_body(Body::new);
    (layer.only(|head| !head.uri.path().ends_with("/Chat")), hand)
}

macro_rules! unary_calls_are_answered_once {
    ($make:ident) => {{
        let (layer, hand) = layer();
        let (client, counted, _server) = $make!(layer);
        assert_eq!(client.hello("ann").await.unwrap(), "ann 0");
        assert_eq!(client.hello("ann").await.unwrap(), "ann 0");
        assert_eq!(client.hello("bob").await.unwrap(), "bob 1");

        let mut hurried = named("ann");
        hurried.set_timeout(Duration::from_secs(50));
        let hit = client.send(hurried).await.unwrap();
        assert_eq!(hit.metadata().get("x-of").unwrap(), "ann");
        assert_eq!(hit.metadata().get("grpc-status").unwrap(), "0", "of the trailers");
        assert_eq!(hit.metadata().get("cache-status").unwrap(), "weir; hit; ttl=60");
        assert_eq!(hit.into_inner().message, "ann 0");
        assert_eq!(counted.0.load(SeqCst), 2);

        hand.advance(Duration::from_secs(61));
        assert_eq!(client.hello("ann").await.unwrap(), "ann 2");
    }};
}

#[tokio::test]
async fn around_a_server_unary_calls_are_answered_once() {
    unary_calls_are_answered_once!(served);
}

#[tokio::test]
async fn around_a_channel_unary_calls_are_answered_once() {
    unary_calls_are_answered_once!(called);
}

macro_rules! failures_are_not_kept {
    ($make:ident) => {{
        let (layer, _) = layer();
        let cache = layer.handle();
        let (client, counted, _server) = $make!(layer);
        for calls in 1..=3 {
            let status = client.hello("bad").await.unwrap_err();
            assert_eq!((status.code(), status.message()), (Code::Unavailable, "as asked"));
            assert_eq!(counted.0.load(SeqCst), calls);
        }
        // This one begins well.
        for calls in 4..=6 {
            let torn = client.hellos("torn").await;
            assert_eq!(torn, (vec![format!("torn {}", calls - 1)], Code::Aborted));
            assert_eq!(counted.0.load(SeqCst), calls);
        }
        assert_eq!(cache.stats().store.entries, 0);
    }};
}

#[tokio::test]
async fn around_a_server_failures_are_not_kept() {
    failures_are_not_kept!(served);
}

#[tokio::test]
async fn around_a_channel_failures_are_not_kept() {
    failures_are_not_kept!(called);
}

#[tokio::test]
async fn a_service_says_itself_how_long_an_answer_is_kept() {
    let layer = CacheLayer::new(MemoryStore::with_max_bytes(16 << 20)).keyed_by_body(Body::new);
    let (client, counted, _server) = served!(layer.only(|_| true));
    let ask = async |name: &str, wanted: &'static str| {
        let mut request = named(name);
        request.metadata_mut().insert("x-want", MetadataValue::from_static(wanted));
        client.say(request).await.unwrap()
    };
    assert_eq!(ask("ann", "max-age=60").await, "ann 0");
    assert_eq!(ask("ann", "max-age=60").await, "ann 0");
    assert_eq!(ask("bob", "no-store").await, "bob 1");
    assert_eq!(ask("bob", "no-store").await, "bob 2");
    assert_eq!(client.hello("carl").await.unwrap(), "carl 3");
    assert_eq!(client.hello("carl").await.unwrap(), "carl 4");
    assert_eq!(counted.0.load(SeqCst), 5);
}

#[tokio::test]
async fn calls_with_credentials_share_nothing() {
    let (layer, _) = layer();
    let (client, ..) = &served!(layer);
    let ask = async |user: &'static str| {
        let mut request = named("me");
        request.metadata_mut().insert("authorization", MetadataValue::from_static(user));
        client.say(request).await.unwrap()
    };
    assert_eq!(
        (ask("ann").await, ask("bob").await, ask("ann").await),
        ("me 0".into(), "me 1".into(), "me 2".into())
    );
    assert_eq!(client.hello("me").await.unwrap(), "me 3");
    assert_eq!(ask("ann").await, "me 4", "nor do they get what is stored for those without");
}

#[tokio::test]
async fn a_stream_of_replies_can_be_kept_too() {
    let (layer, _) = layer();
    let (client, counted, _server) = served!(layer);
    let both = (vec!["ann 1".to_owned(), "ann 0".to_owned()], Code::Ok);
    assert_eq!(client.hellos("ann").await, both);
    assert_eq!(client.hellos("ann").await, both);
    assert_eq!(counted.0.load(SeqCst), 2);
}

macro_rules! chats_go_on_as_if_there_were_no_cache {
    ($make:ident) => {{
        let (layer, _) = layer();
        let cache = layer.handle();
        let (client, _, _server) = $make!(layer);
        for chat in 0..2 {
            let (say, said) = mpsc::channel(1);
            let mut replies = client.chat(ReceiverStream::new(said)).await;
            for n in 0..3 {
                say.send(HelloRequest { name: "ann".to_owned() }).await.unwrap();
                let reply = replies.message().await.unwrap().unwrap();
                assert_eq!(reply.message, format!("ann {}", 3 * chat + n));
            }
            drop(say);
            assert!(replies.message().await.unwrap().is_none());
        }
        assert_eq!(cache.stats().total.bypassed, 2);
        assert_eq!(cache.stats().store.entries, 0);
    }};
}

#[tokio::test]
async fn around_a_server_chats_go_on_as_if_there_were_no_cache() {
    chats_go_on_as_if_there_were_no_cache!(served);
}

#[tokio::test]
async fn around_a_channel_chats_go_on_as_if_there_were_no_cache() {
    chats_go_on_as_if_there_were_no_cache!(called);
}

#[tokio::test]
async fn a_cache_that_knows_no_bodies_lets_all_calls_pass() {
    let layer = CacheLayer::new(MemoryStore::with_max_bytes(16 << 20));
    let (client, _, _server) = served!(layer.default_ttl(Duration::from_secs(60)));
    assert_eq!(client.hello("ann").await.unwrap(), "ann 0");
    assert_eq!(client.hello("ann").await.unwrap(), "ann 1");
}
