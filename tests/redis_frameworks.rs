//! Limits that processes share, in axum, tonic and hyper, over sockets.

#[path = "support/client.rs"]
#[allow(dead_code)]
mod client;
#[path = "../examples/support/greeter.rs"]
#[allow(dead_code)]
mod greeter;
#[path = "support/redis.rs"]
#[allow(dead_code)]
mod server;

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use axum::{Router, routing::get};
use bytes::Bytes;
use client::{Http, Server, listen};
use greeter::{GreeterClient, GreeterServer};
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use server::RedisServer;
use tonic::{
    Code,
    transport::{Channel, Endpoint, server::TcpIncoming},
};
use tower::{ServiceBuilder, service_fn};
use tower_weir::{
    key::PeerIp,
    rate_limit::{Fallback, Quota, RateLimitLayer, SharedRateLimitLayer},
    redis::{Redis, RedisStore},
};

/// A layer of a process of its own.
fn layer(url: &str) -> SharedRateLimitLayer {
    let redis = Redis::open(url).unwrap().timeout(Duration::from_secs(30)).unwrap();
    let layer = RateLimitLayer::new(Quota::per_hour(4)).key(PeerIp).named("api");
    layer.shared(RedisStore::new(&redis)).fallback(Fallback::FailClosed)
}

async fn in_axum(layer: SharedRateLimitLayer) -> (Http, Server) {
    let (listener, addr) = listen().await;
    let app = Router::new().route("/", get(async || "fine")).layer(layer);
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    let server = Server::spawn(async move { axum::serve(listener, service).await.unwrap() });
    (Http::new(addr), server)
}

async fn in_hyper(layer: SharedRateLimitLayer) -> (Http, Server) {
    let (listener, addr) = listen().await;
    let server = Server::spawn(async move {
        loop {
            let (stream, peer) = listener.accept().await.unwrap();
            let service = ServiceBuilder::new()
                .map_request(move |mut request: Request<Incoming>| {
                    request.extensions_mut().insert(peer);
                    request
                })
                .layer(layer.clone())
                .service(service_fn(async |_: Request<Incoming>| {
                    Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"fine"))))
                }));
            tokio::spawn(async move {
                let connection = auto::Builder::new(TokioExecutor::new());
                let service = TowerToHyperService::new(service);
                // A client that leaves is no failure of the test.
                drop(connection.serve_connection(TokioIo::new(stream), service).await);
            });
        }
    });
    (Http::new(addr), server)
}

async fn in_tonic(layer: SharedRateLimitLayer) -> (GreeterClient<Channel>, Server) {
    let (listener, addr) = listen().await;
    let server = Server::spawn(async move {
        let server = tonic::transport::Server::builder().layer(layer).add_service(GreeterServer);
        server.serve_with_incoming(TcpIncoming::from(listener)).await.unwrap();
    });
    let channel = Endpoint::try_from(format!("http://{addr}")).unwrap().connect().await.unwrap();
    (GreeterClient::new(channel), server)
}

#[tokio::test]
async fn servers_of_all_kinds_admit_one_quota_together() {
    let redis = RedisServer::start();
    let (axum, _axum) = in_axum(layer(&redis.url())).await;
    let (hyper, _hyper) = in_hyper(layer(&redis.url())).await;
    let (mut tonic, _tonic) = in_tonic(layer(&redis.url())).await;
    assert_eq!(axum.statuses(Method::GET, "/", 1).await, [200]);
    assert_eq!(hyper.get("/").await.header("ratelimit"), r#""hour";r=2;t=900"#);
    assert!(tonic.say_hello("Ada").await.is_ok());
    assert_eq!(axum.statuses(Method::GET, "/", 2).await, [200, 429]);
    let limited = hyper.get("/").await;
    assert_eq!((limited.status.as_u16(), limited.header("retry-after")), (429, "900"));
    let status = tonic.say_hello("Ada").await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::ResourceExhausted, "too many requests"));
}

#[tokio::test]
async fn servers_of_all_kinds_say_that_it_cannot_be_told() {
    let mut redis = RedisServer::start();
    redis.kill();
    let (axum, _axum) = in_axum(layer(&redis.url())).await;
    let (hyper, _hyper) = in_hyper(layer(&redis.url())).await;
    let (mut tonic, _tonic) = in_tonic(layer(&redis.url())).await;
    for http in [axum, hyper] {
        let answer = http.get("/").await;
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "1"));
    }
    assert_eq!(tonic.say_hello("Ada").await.unwrap_err().code(), Code::Unavailable);
}
