//! What became of requests whose bodies are long, short, odd or left.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    routing::{any, get, post},
};
use http::{StatusCode, header::CONTENT_LENGTH};
use http_body::{Frame, SizeHint};
use raw::Raw;
use tower::BoxError;
use tower_weir::profile::Window;

use super::*;

/// Chunks of 1,000 bytes, and then what is to come last.
struct Chunks {
    left: u64,
    last: Last,
    /// It says how long it is, as a file does, though not that it has come to its end.
    is_sized: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Last {
    End,
    Nothing,
    Error,
}

impl Chunks {
    fn new(left: u64, last: Last) -> Self {
        Self { left, last, is_sized: false }
    }
}

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match (self.left, self.last) {
            (0, Last::End) => Poll::Ready(None),
            (0, Last::Nothing) => Poll::Pending,
            (0, Last::Error) => Poll::Ready(Some(Err("torn".into()))),
            _ => {
                self.left -= 1;
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 1_000])))))
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self.is_sized {
            true => SizeHint::with_exact(self.left * 1_000),
            false => SizeHint::default(),
        }
    }
}

fn stream(chunks: Chunks) -> Body {
    Body::from_stream(Body::new(chunks).into_data_stream())
}

/// hyper lets go of a body as soon as it has as many bytes as it expects.
#[tokio::test]
async fn a_whole_body_is_a_success_however_its_length_is_told() {
    let streamed = async || stream(Chunks::new(3, Last::End));
    let announced = async || ([(CONTENT_LENGTH, "3000")], stream(Chunks::new(3, Last::End)));
    let sized = async || Body::new(Chunks { is_sized: true, ..Chunks::new(3, Last::End) });
    let never_at_its_end =
        async || ([(CONTENT_LENGTH, "3000")], stream(Chunks::new(3, Last::Nothing)));
    let full = async || vec![b'x'; 3_000];
    for is_http2 in [false, true] {
        let (profile, _hand, layer) = profile();
        let app = Router::new()
            .route("/streamed", get(streamed))
            .route("/announced", get(announced))
            .route("/sized", get(sized))
            .route("/full", get(full))
            .route("/never", get(never_at_its_end))
            .layer(layer);
        let (addr, _server) = serve(app).await;
        let http = Http::with_http2_only(addr, is_http2);
        for path in ["/streamed", "/announced", "/sized", "/full"] {
            assert_eq!(http.get(path).await.body.len(), 3_000);
            assert_eq!(settled(&profile).await, [format!("GET {path} ok 1")]);
            assert_eq!(of(&profile, path).stats(Window::Lifetime).response_bytes, 3_000);
            profile.reset();
        }
        if !is_http2 {
            assert_eq!(http.get("/never").await.body.len(), 3_000);
            assert_eq!(settled(&profile).await, ["GET /never ok 1"]);
        }
    }
}

#[tokio::test]
async fn an_answer_without_a_body_is_whole() {
    let (profile, _hand, layer) = profile();
    let empty = async || ([(CONTENT_LENGTH, "0")], stream(Chunks::new(0, Last::Nothing)));
    let app = Router::new()
        .route("/fine", get(fine))
        .route("/streamed", get(async || stream(Chunks::new(9, Last::Nothing))))
        .route("/204", any(async || (StatusCode::NO_CONTENT, stream(Chunks::new(1, Last::End)))))
        .route("/304", any(async || (StatusCode::NOT_MODIFIED, "not sent")))
        .route("/0", get(empty))
        .layer(layer);
    let (addr, _server) = serve(app).await;
    let http = Http::new(addr);
    for (method, path) in
        [("HEAD", "/fine"), ("HEAD", "/streamed"), ("GET", "/204"), ("GET", "/304"), ("GET", "/0")]
    {
        assert_eq!(http.send(request(method, path)).await.body, "");
    }
    let expected =
        ["GET /0 ok 1", "GET /204 ok 1", "GET /304 ok 1", "HEAD /fine ok 1", "HEAD /streamed ok 1"];
    assert_eq!(settled(&profile).await, expected);
    for route in profile.snapshot().routes {
        assert_eq!(route.stats(Window::Lifetime).response_bytes, 0, "{}", route.route);
    }
}

#[tokio::test]
async fn an_endless_answer_is_under_way_until_the_client_leaves() {
    let (profile, hand, layer) = profile();
    let events = async || stream(Chunks::new(2, Last::Nothing));
    let (addr, _server) = serve(Router::new().route("/events", get(events)).layer(layer)).await;
    let mut client = Raw::send(addr, "GET /events HTTP/1.1\r\nhost: test\r\n\r\n").await;
    client.read_to(&"x".repeat(1_000)).await;
    until(|| of(&profile, "/events").in_flight == 1).await;
    hand.advance(Duration::from_secs(90));
    assert_eq!(of(&profile, "/events").stats(Window::Lifetime).count, 0);
    drop(client);
    assert_eq!(settled(&profile).await, ["GET /events cancelled_in_body 1"]);
    let route = of(&profile, "/events");
    let stats = route.stats(Window::Lifetime);
    assert_eq!(stats.latency.as_ref().unwrap().mean, Duration::from_secs(90));
    assert_eq!(stats.to_headers.as_ref().unwrap().mean, Duration::ZERO);
    assert_eq!((stats.response_bytes, stats.error_rate), (2_000, 0.0));
}

#[tokio::test]
async fn a_body_that_fails_is_an_error_of_the_server() {
    let (profile, _hand, layer) = profile();
    let torn = async || stream(Chunks::new(1, Last::Error));
    let (addr, _server) = serve(Router::new().route("/torn", get(torn)).layer(layer)).await;
    let client = Raw::send(addr, "GET /torn HTTP/1.1\r\nhost: test\r\n\r\n").await;
    // The connection ends without the chunk that would be the last.
    assert!(!client.read_all().await.ends_with("0\r\n\r\n"));
    assert_eq!(settled(&profile).await, ["GET /torn body_error 1"]);
    let route = of(&profile, "/torn");
    let stats = route.stats(Window::Lifetime);
    assert_eq!((stats.response_bytes, stats.error_rate), (1_000, 1.0));
}

#[tokio::test]
async fn request_bodies_count_as_long_as_they_are_announced_to_be() {
    let (profile, _hand, layer) = profile();
    let echo = async |body: Bytes| body;
    let app = Router::new().route("/echo", post(echo)).route("/ignore", post(fine)).layer(layer);
    let (addr, _server) = serve(app).await;
    let post = async |path: &str, rest: &str| {
        let head = format!("POST {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n");
        Raw::send(addr, &format!("{head}{rest}")).await.read_all().await
    };
    let bytes = |path| {
        let route = of(&profile, path);
        let stats = route.stats(Window::Lifetime);
        (stats.request_bytes, stats.response_bytes)
    };
    assert!(post("/echo", "content-length: 5\r\n\r\nhello").await.ends_with("hello"));
    assert!(post("/ignore", "content-length: 7\r\n\r\nignored").await.ends_with("fine"));
    assert_eq!(settled(&profile).await, ["POST /echo ok 1", "POST /ignore ok 1"]);
    assert_eq!((bytes("/echo"), bytes("/ignore")), ((5, 5), (7, 4)));
    // Nobody knows beforehand how long a chunked one is going to be.
    let chunked = "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    assert!(post("/echo", chunked).await.ends_with("hello"));
    assert_eq!(settled(&profile).await, ["POST /echo ok 2", "POST /ignore ok 1"]);
    assert_eq!(bytes("/echo"), (5, 10));
}

#[tokio::test]
async fn uploads_that_are_counted_are_as_long_as_what_was_read() {
    let (profile, _hand, layer) = profile();
    let echo = async |body: Bytes| body;
    let layer = layer.count_uploads();
    let app = Router::new()
        .route("/echo", post(echo).layer(layer.clone()))
        .route("/ignore", post(fine))
        .layer(layer);
    let (addr, _server) = serve(app).await;
    for (path, rest) in [
        ("/echo", "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        ("/echo", "content-length: 3\r\n\r\nyou"),
        ("/ignore", "content-length: 7\r\n\r\nignored"),
    ] {
        let head = format!("POST {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n");
        Raw::send(addr, &format!("{head}{rest}")).await.read_all().await;
    }
    // One that leaves in the middle of what it sends.
    let part = "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 9\r\n\r\npart";
    let client = Raw::send(addr, part).await;
    until(|| in_flight(&profile) == 1).await;
    drop(client);
    let counted = settled(&profile).await;
    assert_eq!(counted[1..], ["POST /echo ok 2", "POST /ignore ok 1"]);
    let bytes = |path| of(&profile, path).stats(Window::Lifetime).request_bytes;
    assert_eq!((bytes("/echo"), bytes("/ignore")), (12, 0));
}

#[tokio::test]
async fn an_upgraded_connection_is_counted_when_it_is_handed_over() {
    let (profile, _hand, layer) = profile();
    let upgrade = async |mut request: axum::extract::Request| {
        let upgraded = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let _held = upgraded.await.unwrap();
            std::future::pending::<()>().await;
        });
        let headers = [("connection", "upgrade"), ("upgrade", "echo")];
        Ok::<_, Infallible>((StatusCode::SWITCHING_PROTOCOLS, headers))
    };
    let (addr, _server) = serve(Router::new().route("/upgrade", get(upgrade)).layer(layer)).await;
    let upgrade =
        "GET /upgrade HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
    let mut client = Raw::send(addr, upgrade).await;
    assert!(client.read_to("\r\n\r\n").await.starts_with("HTTP/1.1 101"));
    assert_eq!(settled(&profile).await, ["GET /upgrade ok 1"]);
}
