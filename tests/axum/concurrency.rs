//! The concurrency limit in axum, over a socket.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    routing::{MethodRouter, get},
};
use http::{Method, StatusCode};
use tokio::sync::Semaphore;
use tonic::codegen::tokio_stream;
use tower_weir::{
    concurrency::{ConcurrencyLimitLayer, Fixed, HoldUntil, Limiter, Queue},
    route::RouteTable,
};

use crate::{
    client::{Http, Server, listen},
    raw::Raw,
    until::until,
};

async fn serve(app: Router) -> (SocketAddr, Server) {
    let (listener, addr) = listen().await;
    (addr, Server::spawn(async move { axum::serve(listener, app).await.unwrap() }))
}

fn none_waits(limit: usize) -> ConcurrencyLimitLayer {
    ConcurrencyLimitLayer::new(Fixed::new(limit)).reject_when_full()
}

/// Nobody is told that it took too long.
fn all_wait(limit: usize) -> ConcurrencyLimitLayer {
    const LONG: Duration = Duration::from_secs(86_400);
    ConcurrencyLimitLayer::new(Fixed::new(limit)).queue(Queue::new(LONG).objective(LONG * 10))
}

/// A handler that answers when it is let go.
fn slow<S: Clone + Send + Sync + 'static>(go: &Arc<Semaphore>) -> MethodRouter<S> {
    let go = Arc::clone(go);
    get(async move || {
        go.acquire().await.unwrap().forget();
        "done"
    })
}

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n")
}

/// axum makes services anew for each route, with state, and without state for each request.
#[tokio::test]
async fn one_layer_is_one_limit_wherever_axum_puts_it() {
    let go = Arc::new(Semaphore::new(0));
    let routes = || Router::new().route("/a", slow(&go)).route("/b", slow(&go));
    let stateful = || Router::<u8>::new().route("/a", slow(&go)).route("/b", slow(&go));
    type Build<'a> = Box<dyn Fn(ConcurrencyLimitLayer) -> Router + 'a>;
    let apps: [Build<'_>; 6] = [
        Box::new(|layer| routes().layer(layer)),
        Box::new(|layer| routes().route_layer(layer)),
        Box::new(|layer| {
            let a = Router::new().route("/a", slow(&go).layer(layer.clone()));
            a.route("/b", slow(&go).layer(layer))
        }),
        Box::new(|layer| stateful().layer(layer).with_state(1)),
        Box::new(|layer| stateful().route_layer(layer).with_state(1)),
        Box::new(|layer| Router::new().fallback_service(routes().layer(layer))),
    ];
    for (n, app) in apps.iter().enumerate() {
        let layer = none_waits(2);
        let handle = layer.handle();
        let (addr, _server) = serve(app(layer)).await;
        let first = Raw::send(addr, &request("/a")).await;
        let second = Raw::send(addr, &request("/b")).await;
        until(|| handle.in_flight() == 2).await;
        let http = Http::new(addr);
        assert_eq!(http.statuses(Method::GET, "/a", 2).await, [503, 503], "app {n}");
        let refused = http.get("/b").await;
        assert_eq!(refused.header("retry-after"), "1");
        assert_eq!(refused.header("content-type"), "application/problem+json");
        go.add_permits(3);
        for mut client in [first, second] {
            client.read_to("done").await;
        }
        until(|| handle.in_flight() == 0).await;
        assert_eq!(http.statuses(Method::GET, "/a", 1).await, [200], "app {n}");
    }
}

#[tokio::test]
async fn routes_of_a_table_are_told_apart_by_their_patterns() {
    let go = Arc::new(Semaphore::new(0));
    let users = Limiter::new(Fixed::new(1)).reject_when_full();
    let layer = none_waits(1).routes(RouteTable::new().route("/users/{id}", users.clone()));
    let app = Router::new().route("/users/{user}", slow(&go)).route("/", get("fine")).layer(layer);
    let (addr, _server) = serve(app).await;
    let mut first = Raw::send(addr, &request("/users/1")).await;
    until(|| users.in_flight() == 1).await;
    let http = Http::new(addr);
    assert_eq!(
        (http.get("/users/2").await.status, http.get("/").await.status),
        (StatusCode::SERVICE_UNAVAILABLE, StatusCode::OK)
    );
    go.add_permits(1);
    first.read_to("done").await;
    assert_eq!(users.name(), "/users/{id}");
}

#[tokio::test]
async fn who_reads_slowly_counts_to_the_end_of_the_body() {
    const CHUNKS: usize = 64;
    static CHUNK: [u8; 1 << 20] = [b'.'; 1 << 20];
    let body = async || {
        let chunks =
            (0..CHUNKS).map(|_| Ok::<_, std::convert::Infallible>(Bytes::from_static(&CHUNK)));
        Body::from_stream(tokio_stream::iter(chunks))
    };
    for (until_when, counts) in [(HoldUntil::BodyEnd, 1), (HoldUntil::Headers, 0)] {
        let layer = none_waits(1).hold_until(until_when);
        let handle = layer.handle();
        let app = Router::new().route("/", get(body)).route("/small", get("fine")).layer(layer);
        let (addr, _server) = serve(app).await;
        // It reads the head, and then no more: far less than the body is in the buffers of the socket.
        let text = "GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";
        let mut reader = Raw::send(addr, text).await;
        reader.read_to("\r\n\r\n").await;
        assert_eq!(handle.in_flight(), counts);
        let status = if counts == 1 { 503 } else { 200 };
        assert_eq!(Http::new(addr).get("/small").await.status, status);
        assert!(reader.read_all().await.len() > (CHUNKS - 2) << 20);
        until(|| handle.in_flight() == 0).await;
    }
}

#[tokio::test]
async fn who_leaves_within_the_body_or_before_it_gives_its_place_back() {
    let body = async || {
        let first = tokio_stream::once(Ok::<_, std::convert::Infallible>("first"));
        let rest = tokio_stream::StreamExt::chain(first, tokio_stream::pending());
        Body::from_stream(rest)
    };
    let layer = none_waits(1);
    let handle = layer.handle();
    let go = Arc::new(Semaphore::new(0));
    let app = Router::new().route("/", get(body)).route("/slow", slow(&go)).layer(layer);
    let (addr, _server) = serve(app).await;
    let mut reader = Raw::send(addr, &request("/")).await;
    reader.read_to("first").await;
    assert_eq!(handle.in_flight(), 1);
    drop(reader);
    until(|| handle.in_flight() == 0).await;
    let waits = Raw::send(addr, &request("/slow")).await;
    until(|| handle.in_flight() == 1).await;
    drop(waits);
    until(|| handle.in_flight() == 0).await;
}

#[tokio::test]
async fn who_leaves_while_it_waits_leaves_the_queue_and_never_reaches_the_handler() {
    let go = Arc::new(Semaphore::new(0));
    let layer = all_wait(1);
    let handle = layer.handle();
    let (addr, _server) = serve(Router::new().route("/", slow(&go)).layer(layer)).await;
    let mut first = Raw::send(addr, &request("/")).await;
    until(|| handle.in_flight() == 1).await;
    let leaves = Raw::send(addr, &request("/")).await;
    until(|| handle.waiting() == 1).await;
    let mut stays = Raw::send(addr, &request("/")).await;
    until(|| handle.waiting() == 2).await;
    drop(leaves);
    until(|| handle.waiting() == 1).await;
    // One each for those who are still there.
    go.add_permits(2);
    first.read_to("done").await;
    stays.read_to("done").await;
    until(|| handle.in_flight() == 0).await;
    assert_eq!(go.available_permits(), 0);
}

#[tokio::test]
async fn a_drain_ends_with_the_last_answer() {
    let go = Arc::new(Semaphore::new(0));
    let layer = all_wait(1);
    let handle = layer.handle();
    let (addr, _server) = serve(Router::new().route("/", slow(&go)).layer(layer)).await;
    let mut first = Raw::send(addr, &request("/")).await;
    until(|| handle.in_flight() == 1).await;
    let mut waits = Raw::send(addr, &request("/")).await;
    until(|| handle.waiting() == 1).await;
    let drained = tokio::spawn(handle.drain());
    assert!(waits.read_to("\r\n\r\n").await.starts_with("HTTP/1.1 503"));
    assert_eq!(Http::new(addr).get("/").await.status, 503);
    assert!(!drained.is_finished());
    go.add_permits(1);
    first.read_to("done").await;
    drained.await.unwrap();
}
