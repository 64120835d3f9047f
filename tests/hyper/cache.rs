//! The cache in hyper, over a socket.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Empty, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use tokio::sync::Semaphore;
use tonic::codegen::tokio_stream::{self, StreamExt};
use tower::{ServiceBuilder, service_fn};
use tower_weir::cache::{CacheLayer, Handle, MemoryStore};

use crate::{
    client::{Http, Server},
    raw::Raw,
    served::served,
    until::until,
};

const TEXT: &str = "0123456789";
/// More than may be stored.
const LARGE: usize = 10_000;

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// How often a handler was called, and what lets it go on.
#[derive(Clone)]
struct Script {
    calls: Arc<AtomicUsize>,
    go: Arc<Semaphore>,
}

impl Script {
    fn new() -> Self {
        Self { calls: Arc::default(), go: Arc::new(Semaphore::new(0)) }
    }

    fn calls(&self) -> usize {
        self.calls.load(SeqCst)
    }

    fn answer(self, request: &Request<Incoming>) -> Response<Body> {
        self.calls.fetch_add(1, SeqCst);
        let response = Response::builder().header("cache-control", "max-age=60");
        let response = match request.uri().path() {
            "/whole" => response.header("etag", "\"1\"").body(full(TEXT)),
            "/streamed" => response.body(self.pieces(vec![Ok("0123"), Ok("45"), Ok("6789")])),
            "/broken" => {
                response.body(self.pieces(vec![Ok("0123"), Err(io::Error::other("it broke"))]))
            }
            "/short" => response.header("content-length", "10").body(self.pieces(vec![Ok("0123")])),
            "/large" => {
                let pieces = [Ok("begin"), Ok(&"x".repeat(LARGE).leak()[..]), Ok("end")];
                response.body(self.pieces(pieces.into()))
            }
            _ => response.status(404).body(full("nothing")),
        };
        response.unwrap()
    }

    /// The first at once, each of the others when it is let go.
    fn pieces(self, pieces: Vec<io::Result<&'static str>>) -> Body {
        let pieces = tokio_stream::iter(pieces.into_iter().enumerate());
        let pieces = StreamExt::then(pieces, move |(n, piece)| {
            let go = Arc::clone(&self.go);
            async move {
                if n > 0 {
                    go.acquire().await.unwrap().forget();
                }
                piece.map(|piece| Frame::data(Bytes::from(piece)))
            }
        });
        StreamBody::new(pieces).boxed_unsync()
    }
}

fn full(text: &'static str) -> Body {
    Full::from(text).map_err(|never: Infallible| match never {}).boxed_unsync()
}

/// Serves HTTP/1 and HTTP/2 with a cache around the script.
async fn serve() -> (SocketAddr, Script, Handle, Server) {
    let layer = CacheLayer::new(MemoryStore::with_max_bytes(16 << 20)).max_object_bytes(1_000);
    let (script, cache) = (Script::new(), layer.handle());
    let scripted = script.clone();
    let handler = service_fn(move |request: Request<Incoming>| {
        let answer = scripted.clone().answer(&request);
        async { Ok::<_, Infallible>(answer) }
    });
    let service = ServiceBuilder::new().layer(layer).service(handler);
    let (addr, server) = served(service).await;
    (addr, script, cache, server)
}

fn request(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: a\r\n\r\n")
}

/// The last request of its connection.
fn last(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
}

#[tokio::test]
async fn both_versions_get_all_forms_of_a_stored_response() {
    for http2 in [false, true] {
        let (addr, script, ..) = &serve().await;
        let http = Http::with_http2_only(*addr, http2);
        let ask = async |method: &str, fields: &[(&str, &str)]| {
            let request = Request::builder().method(method).uri("/whole");
            let request =
                fields.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            http.send(request.body(Empty::new()).unwrap()).await
        };
        let first = ask("GET", &[]).await;
        assert_eq!(first.header("cache-status"), "weir; fwd=uri-miss; stored");
        let hit = ask("GET", &[]).await;
        assert_eq!((hit.status.as_u16(), &*hit.body), (200, TEXT.as_bytes()));
        assert_eq!((hit.header("content-length"), hit.header("etag")), ("10", "\"1\""));
        assert!(hit.header("cache-status").starts_with("weir; hit"));
        let head = ask("HEAD", &[]).await;
        assert_eq!((head.status.as_u16(), head.header("content-length")), (200, "10"));
        assert_eq!(head.body.len(), 0);
        let known = ask("GET", &[("if-none-match", "\"1\"")]).await;
        assert_eq!(
            (known.status.as_u16(), known.header("etag"), known.body.len()),
            (304, "\"1\"", 0)
        );
        let part = ask("GET", &[("range", "bytes=2-4")]).await;
        assert_eq!((part.status.as_u16(), &*part.body), (206, &b"234"[..]));
        assert_eq!(
            (part.header("content-range"), part.header("content-length")),
            ("bytes 2-4/10", "3")
        );
        let beyond = ask("GET", &[("range", "bytes=10-")]).await;
        assert_eq!((beyond.status.as_u16(), beyond.header("content-range")), (416, "bytes */10"));
        assert_eq!(script.calls(), 1, "HTTP/2: {http2}");
    }
}

/// A response whose length is told wrongly would be taken for the beginning of the next.
#[tokio::test]
async fn one_connection_is_kept_for_answers_of_every_kind() {
    let (addr, script, _cache, _server) = serve().await;
    script.go.add_permits(2);
    let mut connection = Raw::send(addr, &request("GET", "/whole")).await;
    connection.read_to(TEXT).await;
    for _ in 0..2 {
        connection.write(&request("GET", "/whole")).await;
        assert!(connection.read_to(TEXT).await.contains("cache-status: weir; hit"));
        connection.write(&request("HEAD", "/whole")).await;
        assert!(connection.read_to("\r\n\r\n").await.ends_with("\r\n\r\n"), "no body");
        connection.write("GET /whole HTTP/1.1\r\nhost: a\r\nif-none-match: *\r\n\r\n").await;
        let known = connection.read_to("\r\n\r\n").await;
        assert!(known.starts_with("HTTP/1.1 304") && known.ends_with("\r\n\r\n"));
        connection.write("GET /whole HTTP/1.1\r\nhost: a\r\nrange: bytes=-1\r\n\r\n").await;
        assert!(connection.read_to("\r\n\r\n9").await.starts_with("HTTP/1.1 206"));
        connection.write(&request("GET", "/streamed")).await;
        connection.read_to("6789").await;
    }
    // What was streamed in chunks has a length once it is stored.
    connection.write(&request("HEAD", "/streamed")).await;
    assert!(connection.read_to("content-length: 10").await.contains("cache-status: weir; hit"));
    assert_eq!(script.calls(), 2);
}

#[tokio::test]
async fn two_clients_read_one_body_as_it_comes() {
    let (addr, script, _cache, _server) = serve().await;
    let mut leader = Raw::send(addr, &last("/streamed")).await;
    assert!(leader.read_to("0123").await.contains("transfer-encoding: chunked"));
    let mut follower = Raw::send(addr, &last("/streamed")).await;
    assert!(follower.read_to("0123").await.contains("collapsed"));
    script.go.add_permits(1);
    leader.read_to("45").await;
    follower.read_to("45").await;
    script.go.add_permits(1);
    for client in [leader, follower] {
        // The last chunk says that it is whole.
        assert!(client.read_all().await.ends_with("6789\r\n0\r\n\r\n"));
    }
    assert_eq!(script.calls(), 1);
}

#[tokio::test]
async fn a_client_that_leaves_takes_the_body_from_nobody() {
    let (addr, script, cache, _server) = serve().await;
    let mut leader = Raw::send(addr, &last("/streamed")).await;
    leader.read_to("0123").await;
    let mut follower = Raw::send(addr, &last("/streamed")).await;
    follower.read_to("0123").await;
    drop(leader);
    script.go.add_permits(2);
    assert!(follower.read_all().await.ends_with("6789\r\n0\r\n\r\n"));

    // Nobody at all is left of these.
    let mut client = Raw::send(addr, &last("/streamed?alone")).await;
    client.read_to("0123").await;
    drop(client);
    script.go.add_permits(2);
    until(|| cache.stats().store.entries == 2).await;
    let hit = Raw::send(addr, &last("/streamed?alone")).await.read_all().await;
    assert!(hit.contains("cache-status: weir; hit") && hit.ends_with(TEXT));
    assert_eq!(script.calls(), 2);
}

#[tokio::test]
async fn what_breaks_off_breaks_off_for_the_client_and_is_not_stored() {
    let (addr, script, cache, _server) = serve().await;
    script.go.add_permits(100);
    for (n, path) in ["/broken", "/short", "/broken", "/short"].iter().enumerate() {
        let answer = Raw::send(addr, &last(path)).await.read_all().await;
        assert!(!answer.ends_with("0\r\n\r\n"), "{path}: it looks whole");
        assert!(answer.starts_with("HTTP/1.1 200") || answer.is_empty(), "{path}: {answer}");
        assert_eq!(script.calls(), n + 1);
    }
    assert_eq!(cache.stats().store.entries, 0);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_passed_on_as_it_comes() {
    let (addr, script, cache, _server) = serve().await;
    for call in 1..=2 {
        let mut client = Raw::send(addr, &last("/large")).await;
        client.read_to("begin").await;
        script.go.add_permits(2);
        let rest = client.read_all().await;
        assert_eq!(rest.matches('x').count(), LARGE);
        assert!(rest.ends_with("end\r\n0\r\n\r\n"));
        assert_eq!(script.calls(), call);
    }
    assert_eq!(cache.stats().store.entries, 0);
}
