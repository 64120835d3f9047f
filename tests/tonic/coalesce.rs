//! Coalesced calls in tonic, over a socket: around a server, and around a client's channel.

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

use tokio::sync::Semaphore;
use tonic::{
    Code, Request, Response, Status, body::Body, server::NamedService,
    transport::server::TcpIncoming,
};
use tonic_prost::ProstCodec;
use tower::{Service, ServiceBuilder, service_fn};
use tower_weir::coalesce::{BodyKeyedLayer, CoalesceLayer, Handle};

use crate::{
    calls::{Client, connect, named},
    client::{Server, listen},
    greeter::{HelloReply, HelloRequest, SERVICE},
    until::until,
};

/// A greeter that tells in each reply how many calls there were before, when it is let go; `bad` gets an error.
#[derive(Clone)]
struct Gated {
    calls: Arc<AtomicUsize>,
    go: Arc<Semaphore>,
}

impl Gated {
    async fn hello(self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        let call = self.calls.fetch_add(1, SeqCst);
        self.go.acquire().await.unwrap().forget();
        let name = request.into_inner().name;
        match &*name {
            "bad" => Err(Status::unavailable("as asked")),
            _ => Ok(Response::new(HelloReply { message: format!("{name} {call}") })),
        }
    }
}

impl NamedService for Gated {
    const NAME: &'static str = SERVICE;
}

impl Service<http::Request<Body>> for Gated {
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
            Ok(grpc.unary(service_fn(|it| this.clone().hello(it)), request).await)
        })
    }
}

fn layer() -> BodyKeyedLayer<CoalesceLayer, Body> {
    let layer = CoalesceLayer::new().keyed_by_body(Body::new);
    layer.only(|head| head.uri.path().ends_with("/SayHello"))
}

fn gated() -> Gated {
    Gated { calls: Arc::default(), go: Arc::new(Semaphore::new(0)) }
}

/// A server with the layer around it, and its client.
macro_rules! served {
    ($layer:expr) => {{
        let (listener, addr) = listen().await;
        let (layer, gated) = ($layer, gated());
        let service = gated.clone();
        let server = Server::spawn(async move {
            let server = tonic::transport::Server::builder().layer(layer).add_service(service);
            server.serve_with_incoming(TcpIncoming::from(listener)).await.unwrap();
        });
        (Client(connect(addr).await), gated, server)
    }};
}

/// A server, and its client with the layer around its channel.
macro_rules! called {
    ($layer:expr) => {{
        let (listener, addr) = listen().await;
        let gated = gated();
        let service = gated.clone();
        let server = Server::spawn(async move {
            let server = tonic::transport::Server::builder().add_service(service);
            server.serve_with_incoming(TcpIncoming::from(listener)).await.unwrap();
        });
        let channel = ServiceBuilder::new().layer($layer).service(connect(addr).await);
        (Client(channel), gated, server)
    }};
}

/// As soon as so many wait and so many calls are under way, all go on.
async fn go(handle: &Handle, gated: &Gated, calls: u64, waiting: u64) {
    until(|| {
        let stats = handle.stats();
        (stats.in_flight, stats.waiting) == (calls, waiting)
    })
    .await;
    gated.go.add_permits(calls as usize);
}

macro_rules! unary_calls_are_shared {
    ($make:ident) => {{
        let layer = layer();
        let handle = layer.handle();
        let (client, gated, _server) = $make!(layer);
        let mut patient = named("ann");
        patient.set_timeout(Duration::from_secs(50));
        let (ann, same, patient, bob, ()) = tokio::join!(
            client.hello("ann"),
            client.hello("ann"),
            client.say(patient),
            client.hello("bob"),
            go(&handle, &gated, 2, 2)
        );
        let ann = ann.unwrap();
        assert!(ann.starts_with("ann "));
        assert_eq!([same.unwrap(), patient.unwrap()], [ann.clone(), ann]);
        assert!(bob.unwrap().starts_with("bob "));
        assert_eq!(gated.calls.load(SeqCst), 2);
    }};
}

#[tokio::test]
async fn around_a_server_unary_calls_are_shared() {
    unary_calls_are_shared!(served);
}

#[tokio::test]
async fn around_a_channel_unary_calls_are_shared() {
    unary_calls_are_shared!(called);
}

#[tokio::test]
async fn a_status_is_for_all_who_waited() {
    let layer = layer();
    let handle = layer.handle();
    let (client, gated, _server) = served!(layer);
    let (one, other, ()) =
        tokio::join!(client.hello("bad"), client.hello("bad"), go(&handle, &gated, 1, 1));
    for answer in [one, other] {
        let status = answer.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Unavailable, "as asked"));
    }
    assert_eq!(gated.calls.load(SeqCst), 1);
}

#[tokio::test]
async fn a_deadline_that_passes_is_that_of_its_client_only() {
    let layer = layer();
    let handle = layer.handle();
    let (client, gated, _server) = served!(layer);
    let hurried = {
        let client = client.clone();
        tokio::spawn(async move {
            let mut request = named("ann");
            request.set_timeout(Duration::from_millis(200));
            client.say(request).await
        })
    };
    until(|| handle.stats().led == 1).await;
    let patient = tokio::spawn(async move { client.hello("ann").await });
    assert!(hurried.await.unwrap().is_err());
    // Its call was left to the other, or was over before that came.
    until(|| handle.stats().in_flight == 1 && handle.stats().waiting == 0).await;
    gated.go.add_permits(2);
    assert!(patient.await.unwrap().unwrap().starts_with("ann "));
}

#[tokio::test]
async fn calls_that_nobody_named_are_left_alone() {
    let layer = CoalesceLayer::new().keyed_by_body(Body::new);
    let handle = layer.handle();
    let (client, gated, _server) = served!(layer);
    gated.go.add_permits(2);
    let (one, other) = tokio::join!(client.hello("ann"), client.hello("ann"));
    assert_ne!(one.unwrap(), other.unwrap());
    assert_eq!((gated.calls.load(SeqCst), handle.stats().passed), (2, 2));
}
