//! The circuit breaker in tonic, over a socket: around a server, and around a client's channel.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use bytes::Bytes;
use tonic::{Code, Status, body::Body, client::GrpcService, transport::server::TcpIncoming};
use tonic_types::StatusExt;
use tower::ServiceBuilder;
use tower_weir::{
    circuit_breaker::{Breaker, CircuitBreakerLayer, State, Window},
    clock::{Clock, ManualClock},
    route::RouteTable,
};

use crate::{
    calls::connect,
    client::{Server, listen},
    greeter::{GreeterClient, SERVICE},
    moods::Moods,
    until::until,
};

fn breaker() -> Breaker {
    Breaker::new().window(Window::by_count(10, 4).unwrap()).jitter(0.0).unwrap()
}

fn layer() -> (CircuitBreakerLayer, ManualClock) {
    let (clock, hand) = Clock::manual();
    (CircuitBreakerLayer::new(breaker()).clock(clock), hand)
}

fn state(layer: &CircuitBreakerLayer) -> State {
    layer.handle().breaker("default").unwrap().state()
}

/// A server with the layer around it, and its client.
macro_rules! served {
    ($layer:expr) => {{
        let (listener, addr) = listen().await;
        let (layer, moods) = ($layer.clone(), Moods::default());
        let service = moods.clone();
        let server = Server::spawn(async move {
            let server = tonic::transport::Server::builder().layer(layer).add_service(service);
            server.serve_with_incoming(TcpIncoming::from(listener)).await.unwrap();
        });
        (GreeterClient::new(connect(addr).await), moods, server)
    }};
}

/// A server, and its client with the layer around its channel.
macro_rules! called {
    ($layer:expr) => {{
        let (listener, addr) = listen().await;
        let moods = Moods::default();
        let service = moods.clone();
        let server = Server::spawn(async move {
            let server = tonic::transport::Server::builder().add_service(service);
            server.serve_with_incoming(TcpIncoming::from(listener)).await.unwrap();
        });
        let channel = ServiceBuilder::new().layer($layer.clone()).service(connect(addr).await);
        (GreeterClient::new(channel), moods, server)
    }};
}

/// How a stream ends.
async fn stream<C>(client: &mut GreeterClient<C>, name: &str) -> Result<usize, Status>
where
    C: GrpcService<Body>,
    C::ResponseBody: http_body::Body<Data = Bytes> + Send + 'static,
    <C::ResponseBody as http_body::Body>::Error: Into<tonic::codegen::StdError> + Send,
{
    let mut stream = client.say_hellos(name).await?.into_inner();
    let mut replies = 0;
    while stream.message().await?.is_some() {
        replies += 1;
    }
    Ok(replies)
}

fn assert_open(status: &Status, left: Duration) {
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.message(), "the service fails and is left alone for a while");
    let pushback = status.metadata().get("grpc-retry-pushback-ms").unwrap();
    assert_eq!(pushback.to_str().unwrap(), left.as_millis().to_string());
    assert_eq!(status.get_details_retry_info().unwrap().retry_delay, Some(left));
}

/// Unary calls and streams, on whichever side the layer is.
macro_rules! breaks_and_recovers {
    ($make:ident) => {{
        let (layer, hand) = layer();
        let (mut client, moods, _server) = $make!(layer);
        // Unary.
        for _ in 0..4 {
            assert_eq!(client.say_hello("bad").await.unwrap_err().message(), "in a bad mood");
        }
        let came = moods.came.load(SeqCst);
        assert_open(&client.say_hello("fine").await.unwrap_err(), Duration::from_secs(5));
        assert_open(&stream(&mut client, "fine").await.unwrap_err(), Duration::from_secs(5));
        assert_eq!(moods.came.load(SeqCst), came, "nobody came");
        hand.advance(Duration::from_secs(5));
        for _ in 0..4 {
            assert_eq!(stream(&mut client, "fine").await.unwrap(), 1);
        }
        assert_eq!(state(&layer), State::Closed);
        // Streams, which begin well and fail at their end.
        for _ in 0..4 {
            assert_eq!(stream(&mut client, "torn").await.unwrap_err().message(), "torn");
        }
        until(|| state(&layer) == State::Open).await;
        assert_open(&stream(&mut client, "fine").await.unwrap_err(), Duration::from_secs(10));
        hand.advance(Duration::from_secs(10));
        for _ in 0..4 {
            client.say_hello("fine").await.unwrap();
        }
        assert_eq!(state(&layer), State::Closed);
    }};
}

#[tokio::test]
async fn around_a_server_it_breaks_and_recovers() {
    breaks_and_recovers!(served);
}

#[tokio::test]
async fn around_a_channel_it_breaks_and_recovers() {
    breaks_and_recovers!(called);
}

/// Probes that are streams, of clients that leave.
macro_rules! places_are_freed {
    ($make:ident) => {{
        let (layer, hand) = layer();
        let (mut client, _, _server) = $make!(layer);
        for _ in 0..4 {
            client.say_hello("bad").await.unwrap_err();
        }
        hand.advance(Duration::from_secs(5));
        let mut streams = Vec::new();
        for _ in 0..3 {
            let mut stream = client.say_hellos("endless").await.unwrap().into_inner();
            assert!(stream.message().await.unwrap().is_some());
            streams.push(stream);
        }
        let status = client.say_hello("fine").await.unwrap_err();
        assert_open(&status, Duration::from_secs(1));
        assert_eq!(state(&layer), State::HalfOpen);
        drop(streams);
        // The server learns of it a little later.
        let mut passed = 0;
        while passed < 4 {
            passed += usize::from(client.say_hello("fine").await.is_ok());
        }
        assert_eq!(state(&layer), State::Closed);
    }};
}

#[tokio::test]
async fn clients_that_leave_free_the_places_of_their_probes() {
    places_are_freed!(served);
}

#[tokio::test]
async fn streams_that_the_client_drops_free_the_places_of_their_probes() {
    places_are_freed!(called);
}

#[tokio::test]
async fn methods_have_breakers_of_their_own() {
    let routes = RouteTable::new()
        .rpc(SERVICE, "SayHello", breaker().named("hello"))
        .service(SERVICE, breaker().named("greeter"));
    let layer = CircuitBreakerLayer::for_routes(routes).clock(Clock::manual().0);
    let (mut client, _, _server) = served!(layer);
    for _ in 0..4 {
        client.say_hello("bad").await.unwrap_err();
    }
    assert_open(&client.say_hello("fine").await.unwrap_err(), Duration::from_secs(5));
    assert_eq!(stream(&mut client, "fine").await.unwrap(), 1);
    assert_eq!(layer.handle().breaker("hello").unwrap().state(), State::Open);
    assert_eq!(layer.handle().breaker("greeter").unwrap().state(), State::Closed);
}

#[tokio::test]
async fn a_server_that_is_gone_is_left_alone() {
    let (layer, hand) = layer();
    let (listener, addr) = listen().await;
    let serve = |listener| {
        Server::spawn(async move {
            let server = tonic::transport::Server::builder().add_service(Moods::default());
            server.serve_with_incoming(TcpIncoming::from(listener)).await.unwrap();
        })
    };
    drop(listener);
    let endpoint = tonic::transport::Endpoint::try_from(format!("http://{addr}")).unwrap();
    let channel = ServiceBuilder::new().layer(layer.clone()).service(endpoint.connect_lazy());
    let mut client = GreeterClient::new(channel);
    for _ in 0..4 {
        let status = client.say_hello("fine").await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "the connection was refused: {status:?}");
        assert!(status.metadata().get("grpc-retry-pushback-ms").is_none());
    }
    assert_open(&client.say_hello("fine").await.unwrap_err(), Duration::from_secs(5));
    let _server = serve(tokio::net::TcpListener::bind(addr).await.unwrap());
    hand.advance(Duration::from_secs(5));
    for _ in 0..4 {
        client.say_hello("fine").await.unwrap();
    }
    assert_eq!(state(&layer), State::Closed);
}
