//! The concurrency limit in hyper, over a socket.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::sync::Semaphore;
use tower::{ServiceBuilder, service_fn};
use tower_weir::concurrency::{ConcurrencyLimitLayer, Fixed, Handle, Queue};

use crate::{
    client::{Http, Server},
    raw::Raw,
    served::served,
    until::until,
};

/// Serves HTTP/1 and HTTP/2 with the layer around a handler that answers with its path when it is let go.
async fn serve(layer: ConcurrencyLimitLayer) -> (SocketAddr, Arc<Semaphore>, Handle, Server) {
    let go = Arc::new(Semaphore::new(0));
    let handle = layer.handle();
    let handler = service_fn({
        let go = Arc::clone(&go);
        move |request: Request<Incoming>| {
            let go = Arc::clone(&go);
            async move {
                go.acquire().await.unwrap().forget();
                match request.uri().path() {
                    "/fail" => Err(std::io::Error::other("as the test says")),
                    "/panic" => panic!("as the test says"),
                    path => Ok(Response::new(Full::new(Bytes::from(path.to_owned())))),
                }
            }
        }
    });
    let service = ServiceBuilder::new().layer(layer).service(handler);
    let (addr, server) = served(service).await;
    (addr, go, handle, server)
}

fn none_waits(limit: usize) -> ConcurrencyLimitLayer {
    ConcurrencyLimitLayer::new(Fixed::new(limit)).reject_when_full()
}

/// Nobody is told that it took too long.
fn all_wait(limit: usize) -> ConcurrencyLimitLayer {
    const LONG: Duration = Duration::from_secs(86_400);
    ConcurrencyLimitLayer::new(Fixed::new(limit)).queue(Queue::new(LONG).objective(LONG * 10))
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n")
}

#[tokio::test]
async fn connections_of_both_versions_share_the_limit() {
    let (addr, go, handle, _server) = serve(none_waits(2)).await;
    let mut first = Raw::send(addr, &get("/1")).await;
    let second =
        tokio::spawn(async move { Http::with_http2_only(addr, true).get("/2").await.status });
    until(|| handle.in_flight() == 2).await;
    for is_http2 in [false, true] {
        let http = Http::with_http2_only(addr, is_http2);
        assert_eq!(http.statuses(Method::GET, "/", 3).await, [503; 3]);
        let refused = http.get("/").await;
        assert_eq!(refused.header("content-length").parse(), Ok(refused.body.len()));
    }
    go.add_permits(2);
    first.read_to("/1").await;
    assert_eq!(second.await.unwrap(), 200);
    until(|| handle.in_flight() == 0).await;
}

#[tokio::test]
async fn a_connection_that_is_kept_holds_nothing_between_its_requests() {
    let (addr, go, handle, _server) = serve(none_waits(1)).await;
    go.add_permits(8);
    let kept = [Http::new(addr), Http::with_http2_only(addr, true)];
    for _ in 0..4 {
        for http in &kept {
            assert_eq!(http.get("/").await.status, 200);
            until(|| handle.in_flight() == 0).await;
        }
    }
}

#[tokio::test]
async fn requests_of_both_versions_wait_in_one_line() {
    let (addr, go, handle, _server) = serve(all_wait(1)).await;
    let mut first = Raw::send(addr, &get("/1")).await;
    until(|| handle.in_flight() == 1).await;
    let send = |is_http2, path: &'static str| {
        tokio::spawn(async move { Http::with_http2_only(addr, is_http2).get(path).await.body })
    };
    let second = send(true, "/2");
    until(|| handle.waiting() == 1).await;
    let third = send(false, "/3");
    until(|| handle.waiting() == 2).await;
    go.add_permits(1);
    first.read_to("/1").await;
    go.add_permits(1);
    assert_eq!(second.await.unwrap(), "/2");
    assert!(!third.is_finished());
    go.add_permits(1);
    assert_eq!(third.await.unwrap(), "/3");
}

/// Over HTTP/1 a client leaves by closing the connection, over HTTP/2 it gives up one stream of many.
#[tokio::test]
async fn who_leaves_gives_its_place_back_in_the_queue_and_in_the_service() {
    let (addr, go, handle, _server) = serve(all_wait(1)).await;
    let http2 = Arc::new(Http::with_http2_only(addr, true));
    let stream = || {
        let http2 = Arc::clone(&http2);
        tokio::spawn(async move { http2.get("/").await.status })
    };
    let served = stream();
    until(|| handle.in_flight() == 1).await;
    let (waits, closes) = (stream(), Raw::send(addr, &get("/")).await);
    until(|| handle.waiting() == 2).await;
    waits.abort();
    until(|| handle.waiting() == 1).await;
    drop(closes);
    until(|| handle.waiting() == 0).await;
    served.abort();
    until(|| handle.in_flight() == 0).await;
    go.add_permits(1);
    assert_eq!(stream().await.unwrap(), 200);
}

#[tokio::test]
async fn an_error_and_a_panic_of_the_service_free_their_places() {
    let (addr, go, handle, _server) = serve(none_waits(1)).await;
    for path in ["/fail", "/panic"] {
        go.add_permits(1);
        assert_eq!(Raw::send(addr, &get(path)).await.read_all().await, "", "{path}");
        until(|| handle.in_flight() == 0).await;
    }
    go.add_permits(1);
    assert_eq!(Http::new(addr).get("/fine").await.body, "/fine");
}

#[tokio::test]
async fn a_request_whose_body_nobody_reads_is_refused_all_the_same() {
    let (addr, go, handle, _server) = serve(none_waits(1)).await;
    let mut first = Raw::send(addr, &get("/1")).await;
    until(|| handle.in_flight() == 1).await;
    let post = "POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\n\r\n12345";
    let mut refused = Raw::send(addr, post).await;
    assert!(refused.read_to("\r\n\r\n").await.starts_with("HTTP/1.1 503"));
    go.add_permits(1);
    first.read_to("/1").await;
}
