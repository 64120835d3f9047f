//! Attempts over sockets, where hyper and axum have made of them what they make of requests.

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, body::Body, extract::Path, routing::any};
use http::Request;
use tokio::sync::Semaphore;
use tower_weir::coalesce::{CoalesceLayer, Handle};

use crate::{
    client::{Http, Server, listen},
    raw::Raw,
    until::until,
};

/// Answers with what it was asked, when it is let go.
async fn serve() -> (SocketAddr, Handle, Arc<Semaphore>, Server) {
    let (layer, go) = (CoalesceLayer::new(), Arc::new(Semaphore::new(0)));
    let (handle, held) = (layer.handle(), Arc::clone(&go));
    let answer = async move |Path(id): Path<String>, request: Request<Body>| {
        held.acquire().await.unwrap().forget();
        let fields: Vec<_> =
            request.headers().iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        format!("{} {id} {} {}", request.method(), request.uri(), fields.join(" "))
    };
    let app = Router::new().route("/items/{id}", any(answer)).layer(layer);
    let (listener, addr) = listen().await;
    let server = Server::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (addr, handle, go, server)
}

#[tokio::test]
async fn confusion_by_how_a_request_is_written() {
    const ODD: [&str; 12] = [
        "GET http://a.example/items/7 HTTP/1.1\r\nhost: evil.example",
        "GET http://evil.example/items/7 HTTP/1.1\r\nhost: a.example",
        "GET /items/7 HTTP/1.1\r\nhost: evil.example",
        "GET /items/7 HTTP/1.1\r\nhost: a.example\r\nhost: evil.example",
        "GET /items/7 HTTP/1.1\r\nhost: A.example",
        "GET /items/%37 HTTP/1.1\r\nhost: a.example",
        "GET /items/7? HTTP/1.1\r\nhost: a.example",
        "GET /items/7 HTTP/1.1\r\nhost: a.example\r\nx-forwarded-host: evil.example",
        "GET /items/7 HTTP/1.1\r\nhost: a.example\r\ncontent-length: 1\r\nx: y",
        "GET /items/7 HTTP/1.1\r\nhost: a.example\r\nconnection: upgrade\r\nupgrade: h2c",
        "GET /items/7 HTTP/1.1\r\nhost: a.example\r\ncookie: a=b",
        "HEAD /items/7 HTTP/1.1\r\nhost: a.example",
    ];
    let (addr, handle, go, _server) = serve().await;
    let honest = "GET /items/7 HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n\r\n";
    let leader = Raw::send(addr, honest).await;
    until(|| handle.stats().led == 1).await;
    let mut attackers = Vec::new();
    for (n, odd) in ODD.iter().enumerate() {
        attackers.push(Raw::send(addr, &format!("{odd}\r\n\r\n")).await);
        until(|| handle.stats().led + handle.stats().passed == 2 + n as u64).await;
    }
    let same = Raw::send(addr, honest).await;
    until(|| handle.stats().waiting == 1).await;
    go.add_permits(1 + ODD.len());
    let (leader, same) = (leader.read_all().await, same.read_all().await);
    assert!(leader.ends_with("GET 7 /items/7 host=\"a.example\" connection=\"close\""), "{leader}");
    assert!(same.ends_with("GET 7 /items/7 host=\"a.example\" connection=\"close\""), "{same}");
    assert_eq!(handle.stats().shared, 1);
}

#[tokio::test]
async fn denial_by_a_client_that_takes_nothing_of_what_it_asked_for() {
    let layer = CoalesceLayer::new();
    let handle = layer.handle();
    let page = || async { "x".repeat(900_000) };
    let app = Router::new().route("/", axum::routing::get(page)).layer(layer);
    let (listener, addr) = listen().await;
    let _server = Server::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let _idle = Raw::send(addr, "GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    until(|| handle.stats().led == 1).await;
    for http2 in [false, true] {
        assert_eq!(Http::with_http2_only(addr, http2).get("/").await.body.len(), 900_000);
    }
    assert_eq!(handle.stats().in_flight, 0);
}
