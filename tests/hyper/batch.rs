//! Batches in hyper, over a socket.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{Empty, Full};
use tower_weir::batch::{BatchLayer, Fixed, HttpBatchLayer, HttpBatched, RequestTrailers};

use crate::{client::Http, raw::Raw, served::served, until::until};

/// Longer than any test takes: a batch leaves when it is full.
const LONG: Duration = Duration::from_secs(600);

fn batches_of(size: usize) -> HttpBatchLayer {
    BatchLayer::new().max_size(size).linger(Fixed::new(LONG)).http()
}

/// Answers each request with its version, its body, the trailer `x-sum`, and how many came with it.
fn described(layer: HttpBatchLayer) -> HttpBatched<Full<Bytes>> {
    layer.service_fn(async |batch: Vec<Request<Bytes>>| {
        let describe = |request: &Request<Bytes>| {
            let text = String::from_utf8_lossy(request.body());
            let trailers = request.extensions().get::<RequestTrailers>();
            let sum = trailers.map_or("none", |trailers| trailers.0["x-sum"].to_str().unwrap());
            format!("{:?} {text} {sum} of {}.", request.version(), batch.len())
        };
        batch.iter().map(|request| Response::new(Full::from(describe(request)))).collect::<Vec<_>>()
    })
}

/// Serves HTTP/1 and HTTP/2.
/// A request whose body comes in chunks.
const CHUNKED: &str =
    "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n";

#[tokio::test]
async fn both_versions_share_a_batch() {
    let (addr, _server) = served(described(batches_of(3))).await;
    let (one, two) = (Http::new(addr), Http::with_http2_only(addr, true));
    let (one, two, third) = tokio::join!(one.get("/"), two.get("/"), async {
        let request = format!("{CHUNKED}\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n");
        Raw::send(addr, &request).await.read_all().await
    });
    assert_eq!(one.body, "HTTP/1.1  none of 3.");
    assert_eq!(two.body, "HTTP/2.0  none of 3.");
    assert!(third.ends_with("HTTP/1.1 abcdef none of 3."), "{third}");
}

#[tokio::test]
async fn trailers_come_with_their_request() {
    let (addr, _server) = served(described(batches_of(1))).await;
    let request = format!("{CHUNKED}trailer: x-sum\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 7\r\n\r\n");
    let answer = Raw::send(addr, &request).await.read_all().await;
    assert!(answer.ends_with("HTTP/1.1 abc 7 of 1."), "{answer}");
}

#[tokio::test]
async fn a_client_that_disconnects_in_its_body_is_in_no_batch() {
    let service = described(batches_of(1));
    let handle = service.handle();
    let (addr, _server) = served(service).await;
    let mut client = Raw::send(addr, CHUNKED).await;
    client.write("\r\n3\r\nabc\r\n").await;
    drop(client);
    let whole = format!("{CHUNKED}\r\n3\r\nabc\r\n0\r\n\r\n");
    let answer = Raw::send(addr, &whole).await.read_all().await;
    assert!(answer.ends_with("abc none of 1."), "{answer}");
    assert_eq!((handle.stats().items, handle.stats().refused), (1, 0));
}

#[tokio::test]
async fn a_client_that_disconnects_leaves_its_place_to_others() {
    let service = described(batches_of(2));
    let handle = service.handle();
    let (addr, _server) = served(service).await;
    for http2 in [false, true] {
        let http = Http::with_http2_only(addr, http2);
        let before = handle.stats().abandoned;
        tokio::select! {
            _ = http.get("/") => panic!("the batch is not full"),
            () = until(|| handle.stats().waiting == 1) => {}
        }
        until(|| handle.stats().waiting == 0).await;
        assert_eq!(handle.stats().abandoned, before + 1);
    }
    let http = Http::new(addr);
    let (one, two) = tokio::join!(http.get("/"), http.get("/"));
    assert_eq!(
        (one.body, two.body),
        ("HTTP/1.1  none of 2.".into(), "HTTP/1.1  none of 2.".into())
    );
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for_forever() {
    let service = described(batches_of(1).max_body_wait(Duration::from_millis(1)));
    let (addr, _server) = served(service).await;
    let mut client = Raw::send(addr, &format!("{CHUNKED}\r\n3\r\n")).await;
    let answer = client.read_to("took too long").await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn chunks_are_refused_as_soon_as_they_are_too_many() {
    let (addr, _server) = served(described(batches_of(1).max_body_bytes(5))).await;
    let mut client = Raw::send(addr, &format!("{CHUNKED}\r\n3\r\nabc\r\n3\r\ndef")).await;
    let answer = client.read_to("5 bytes").await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn a_request_for_the_head_gets_no_body() {
    let (addr, _server) = served(described(batches_of(1).max_body_bytes(0))).await;
    let http = Http::new(addr);
    let head = || Request::head("/").body(Empty::new()).unwrap();
    for _ in 0..2 {
        let answer = http.send(head()).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-length")), (200, "20"));
        assert!(answer.body.is_empty());
    }
    assert_eq!(http.get("/").await.body, "HTTP/1.1  none of 1.");
}
