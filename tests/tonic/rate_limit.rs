//! The layers in tonic, over a socket, as a real gRPC client sees them.

use std::time::Duration;

use tonic::{
    Code, Status,
    service::LayerExt,
    transport::{Channel, server::TcpIncoming},
};
use tonic_types::StatusExt;
use tower::ServiceBuilder;
use tower_weir::{
    clock::{Clock, ManualClock},
    key::{OnMissingKey, PeerIp},
    rate_limit::{Quota, RateLimitLayer},
    route::RouteTable,
};

use crate::{
    calls::connect,
    client::{Server, listen},
    greeter::{GreeterClient, GreeterServer, HELLOS, SERVICE},
};

async fn serve(layer: RateLimitLayer) -> (GreeterClient<Channel>, Server) {
    let (listener, addr) = listen().await;
    let server = Server::spawn(async move {
        let server = tonic::transport::Server::builder().layer(layer).add_service(GreeterServer);
        server.serve_with_incoming(TcpIncoming::from(listener)).await.unwrap();
    });
    let channel = connect(addr).await;
    (GreeterClient::new(channel), server)
}

fn limit(quota: Quota) -> (RateLimitLayer, ManualClock) {
    let (clock, hand) = Clock::manual();
    (RateLimitLayer::new(quota).clock(clock), hand)
}

fn assert_limited(status: &Status, delay: Duration, policy: &str) {
    assert_eq!((status.code(), status.message()), (Code::ResourceExhausted, "too many requests"));
    let details = status.get_error_details();
    assert_eq!(details.retry_info().unwrap().retry_delay, Some(delay));
    assert_eq!(details.quota_failure().unwrap().violations[0].subject, policy);
    let pushback = status.metadata().get("grpc-retry-pushback-ms").unwrap();
    assert_eq!(pushback.to_str().unwrap(), delay.as_millis().to_string());
}

#[tokio::test]
async fn a_client_sees_resource_exhausted_and_when_to_come_back() {
    let (layer, hand) = limit(Quota::per_second(2));
    let (mut greeter, _server) = serve(layer.key(PeerIp)).await;
    for _ in 0..2 {
        assert_eq!(greeter.say_hello("Ada").await.unwrap().into_inner().message, "Hello, Ada!");
    }
    let status = greeter.say_hello("Ada").await.unwrap_err();
    assert_limited(&status, Duration::from_millis(500), "second");
    hand.advance(Duration::from_millis(500));
    assert!(greeter.say_hello("Ada").await.is_ok());
}

#[tokio::test]
async fn a_stream_is_refused_before_it_begins_and_whole_once_it_has() {
    let (layer, _hand) = limit(Quota::per_minute(1));
    let (mut greeter, _server) = serve(layer).await;
    let mut stream = greeter.say_hellos("Ada").await.unwrap().into_inner();
    let status = greeter.say_hellos("Ada").await.unwrap_err();
    assert_limited(&status, Duration::from_secs(60), "minute");
    let mut replies = 0;
    while stream.message().await.unwrap().is_some() {
        replies += 1;
    }
    assert_eq!(replies, HELLOS);
    assert!(stream.trailers().await.unwrap().is_some(), "trailers came through");
}

#[tokio::test]
async fn services_and_methods_have_limits_of_their_own() {
    let routes = RouteTable::new()
        .rpc(SERVICE, "SayHello", Quota::per_minute(1))
        .service(SERVICE, Quota::per_minute(2));
    let layer = RateLimitLayer::for_routes(routes).clock(Clock::manual().0);
    let (mut greeter, _server) = serve(layer).await;
    assert!(greeter.say_hello("Ada").await.is_ok());
    assert_eq!(greeter.say_hello("Ada").await.unwrap_err().code(), Code::ResourceExhausted);
    // The other methods share the service's limit.
    assert!(greeter.say_goodbye("Ada").await.is_ok());
    assert!(greeter.say_hellos("Ada").await.is_ok());
    assert_eq!(greeter.say_goodbye("Ada").await.unwrap_err().code(), Code::ResourceExhausted);
}

#[tokio::test]
async fn the_peer_address_is_known_without_further_ado() {
    let (layer, _hand) = limit(Quota::per_minute(9));
    let layer = layer.key(PeerIp).on_missing_key(OnMissingKey::Reject);
    let (mut greeter, _server) = serve(layer).await;
    assert!(greeter.say_hello("Ada").await.is_ok());

    let (layer, _hand) = limit(Quota::per_minute(9));
    let nobody = tower_weir::key::Extension::<u64>::new();
    let (mut greeter, _server) =
        serve(layer.key(nobody).on_missing_key(OnMissingKey::Reject)).await;
    let status = greeter.say_hello("Ada").await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::InvalidArgument, "the request has no key")
    );
}

#[tokio::test]
async fn statuses_of_handlers_come_through() {
    let (layer, _hand) = limit(Quota::per_minute(9));
    let (mut greeter, _server) = serve(layer).await;
    let status = greeter.say_hello("").await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

/// tonic's Routes are an axum Router, where a service is one route.
#[tokio::test]
async fn a_layer_inside_tonics_routes_tells_methods_apart() {
    let routes = RouteTable::new().rpc(SERVICE, "SayHello", Quota::per_minute(1));
    let layer = RateLimitLayer::for_routes(routes).clock(Clock::manual().0);
    let app = tonic::service::Routes::new(GreeterServer).into_axum_router().layer(layer);
    let (listener, addr) = listen().await;
    let _server = Server::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let channel = connect(addr).await;
    let mut greeter = GreeterClient::new(channel);
    assert!(greeter.say_hello("Ada").await.is_ok());
    assert_eq!(greeter.say_hello("Ada").await.unwrap_err().code(), Code::ResourceExhausted);
    assert!(greeter.say_goodbye("Ada").await.is_ok());
}

/// The layer around one service of several, under its name.
#[tokio::test]
async fn a_single_service_can_be_layered() {
    let (layer, _hand) = limit(Quota::per_minute(1));
    let service = ServiceBuilder::new().layer(layer).named_layer(GreeterServer);
    let (listener, addr) = listen().await;
    let _server = Server::spawn(async move {
        let server = tonic::transport::Server::builder().add_service(service);
        server.serve_with_incoming(TcpIncoming::from(listener)).await.unwrap();
    });
    let channel = connect(addr).await;
    let mut greeter = GreeterClient::new(channel);
    assert!(greeter.say_hello("Ada").await.is_ok());
    assert_eq!(greeter.say_hello("Ada").await.unwrap_err().code(), Code::ResourceExhausted);
}
