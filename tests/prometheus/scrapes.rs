use std::{net::SocketAddr, thread};

use axum::{Router, routing::get};
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Empty};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tower::ServiceExt;
use tower_weir::telemetry::prometheus::{Endpoint, Prometheus};

use super::{
    client::{Answer, Http, Server, listen},
    recorder,
};

const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A recorder that has counted to seven.
fn counted() -> Prometheus {
    let (recorder, prometheus) = recorder();
    metrics::with_local_recorder(&recorder, || metrics::counter!("cakes_total").increment(7));
    prometheus
}

/// What a service answers without a server, whose body is of a type that no server knows.
async fn answer(endpoint: Endpoint, method: Method) -> Answer {
    let request = Request::builder().method(method).uri("/anywhere").body(thread::current());
    let (parts, body) = endpoint.oneshot(request.unwrap()).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, body }
}

fn is_scrape(answer: &Answer) {
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), FORMAT);
    assert_eq!(answer.body, "# TYPE cakes_total counter\ncakes_total 7\n\n");
}

fn is_head(answer: &Answer) {
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), FORMAT);
    assert_eq!(answer.header("content-length"), "42");
    assert!(answer.body.is_empty());
}

fn is_refusal(answer: &Answer) {
    assert_eq!(answer.status, 405);
    assert_eq!(answer.header("allow"), "GET, HEAD");
    assert!(answer.body.is_empty());
}

#[tokio::test]
async fn get_is_answered_with_the_text_and_head_with_its_length() {
    let endpoint = counted().service();
    is_scrape(&answer(endpoint.clone(), Method::GET).await);
    is_head(&answer(endpoint, Method::HEAD).await);
}

#[tokio::test]
async fn other_methods_are_told_what_is_allowed() {
    for method in [Method::POST, Method::OPTIONS, Method::from_bytes(b"BREW").unwrap()] {
        is_refusal(&answer(counted().service(), method).await);
    }
}

/// The same, asked for over a socket.
async fn is_served(addr: SocketAddr) {
    for http in [Http::new(addr), Http::with_http2_only(addr, true)] {
        let send = async |method| {
            let request = Request::builder().method(method).uri("/metrics").body(Empty::new());
            http.send(request.unwrap()).await
        };
        is_scrape(&send(Method::GET).await);
        is_head(&send(Method::HEAD).await);
        is_refusal(&send(Method::DELETE).await);
        assert_eq!(http.statuses(Method::POST, "/metrics", 2).await, [405, 405]);
        is_scrape(&send(Method::GET).await);
    }
}

#[tokio::test]
async fn axum_serves_it_as_a_route() {
    let (listener, addr) = listen().await;
    let app: Router = Router::new()
        .route("/", get(async || "fine"))
        .route_service("/metrics", counted().service());
    let _server = Server::spawn(async move { axum::serve(listener, app).await.unwrap() });
    is_served(addr).await;
    assert_eq!(Http::new(addr).get("/").await.body, "fine");
}

#[tokio::test]
async fn hyper_serves_it_alone() {
    let (listener, addr) = listen().await;
    let service = TowerToHyperService::new(counted().service());
    let _server = Server::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = service.clone();
            tokio::spawn(async move {
                let connection = auto::Builder::new(TokioExecutor::new());
                // A client that leaves is no failure of the test.
                drop(connection.serve_connection(TokioIo::new(stream), service).await);
            });
        }
    });
    is_served(addr).await;
}

#[tokio::test]
async fn a_request_body_is_left_alone() {
    let (listener, addr) = listen().await;
    let app: Router = Router::new().route_service("/metrics", counted().service());
    let _server = Server::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let stream = TokioIo::new(tokio::net::TcpStream::connect(addr).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
    let _connection = Server::spawn(async move { drop(connection.await) });
    for _ in 0..3 {
        let body = http_body_util::Full::new(Bytes::from(vec![7; 10_000]));
        let request = Request::post("/metrics").header("host", "test").body(body).unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status(), 405);
        response.into_body().collect().await.unwrap();
        sender.ready().await.unwrap();
    }
}

#[test]
fn the_handle_and_its_endpoint_are_shareable() {
    fn shareable<T: Clone + Send + Sync + Unpin + 'static>(_: T) {}
    let prometheus = counted();
    shareable(prometheus.service());
    assert_eq!(format!("{:?}", prometheus.service()), "Endpoint(Prometheus)");
    shareable(prometheus);
}
