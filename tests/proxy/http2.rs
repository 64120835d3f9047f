//! HTTP/2 without TLS on both sides, as gRPC uses it.

use std::{
    collections::VecDeque,
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Version};
use http_body::Frame;
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::{
    body::Incoming,
    client::conn::http2::{SendRequest, handshake},
    server::conn::http2::Builder,
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{net::TcpStream, sync::mpsc, time::timeout};

use crate::wire::*;

type Body = BoxBody<Bytes, Infallible>;

/// A client's connection.
async fn connect(address: SocketAddr) -> SendRequest<Body> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn request(method: Method, path: &str, body: &'static str) -> Request<Body> {
    let builder = Request::builder().method(method).uri(format!("http://site{path}"));
    builder.body(Full::from(body).boxed()).unwrap()
}

/// Frames, then trailers.
fn streamed(frames: &[&'static str], name: &'static str, value: &'static str) -> Body {
    let data = frames.iter().map(|frame| Frame::data(Bytes::from_static(frame.as_bytes())));
    let trailers = HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
    Frames(data.chain([Frame::trailers(trailers)]).collect()).boxed()
}

struct Frames(VecDeque<Frame<Bytes>>);

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}

/// An upstream that speaks HTTP/2 alone, says what it was asked in fields and trailers, and counts its connections.
async fn upstream() -> (SocketAddr, mpsc::UnboundedReceiver<()>) {
    let listener = listen().await;
    let address = listener.local_addr().unwrap();
    let (count, connections) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = count.send(());
            let connection = Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service_fn(echo));
            tokio::spawn(connection);
        }
    });
    (address, connections)
}

async fn echo(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap();
    let sent = body.trailers().and_then(|trailers| trailers.get("x-sent")).cloned();
    let mut response = Response::new(streamed(&["pi", "eces"], "grpc-status", "0"));
    let headers = response.headers_mut();
    headers.insert("content-type", "application/grpc".parse().unwrap());
    headers.insert("x-uri", parts.uri.to_string().parse().unwrap());
    headers.insert("x-length", body.to_bytes().len().into());
    for name in ["te", "via", "host", "x-forwarded-for"] {
        if let Some(value) = parts.headers.get(name) {
            headers.insert(http::HeaderName::try_from(format!("x-{name}")).unwrap(), value.clone());
        }
    }
    if let Some(sent) = sent {
        headers.insert("x-trailer", sent);
    }
    Ok(response)
}

#[tokio::test]
async fn grpc_passes_with_trailers_both_ways_over_one_connection() {
    let (address, mut connections) = upstream().await;
    let wire = Wire::with("watch = false", |args| {
        (args.upstream, args.upstream_http2) = (address.to_string().parse().unwrap(), true);
    })
    .await;
    let mut client = connect(wire.address).await;
    for _ in 0..3 {
        let mut call = request(Method::POST, "/weir.Greeter/Hello", "");
        *call.body_mut() = streamed(&["five!", "more"], "x-sent", "yes");
        call.headers_mut().insert("te", "trailers".parse().unwrap());
        call.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
        let response = timeout(HUNG, client.send_request(call)).await.unwrap().unwrap();
        let (parts, body) = response.into_parts();
        assert_eq!((parts.status, parts.version), (StatusCode::OK, Version::HTTP_2));
        for (name, value) in [
            ("x-uri", "http://site/weir.Greeter/Hello"),
            ("x-length", "9"),
            ("x-trailer", "yes"),
            ("x-te", "trailers"),
            ("x-via", "2.0 weir"),
            ("via", "2.0 weir"),
            ("x-x-forwarded-for", "127.0.0.1"),
        ] {
            assert_eq!(
                parts.headers.get(name).map(|value| value.as_bytes()),
                Some(value.as_bytes()),
                "{name}"
            );
        }
        let body = body.collect().await.unwrap();
        assert_eq!(body.trailers().unwrap()["grpc-status"], "0");
        assert_eq!(body.to_bytes(), "pieces");
    }
    connections.recv().await.unwrap();
    assert!(connections.try_recv().is_err(), "one connection is enough");
}

#[tokio::test]
async fn an_upstream_that_closed_its_connection_is_asked_on_another() {
    let listener = listen().await;
    let address = listener.local_addr().unwrap();
    let wire = Wire::with("watch = false", |args| {
        (args.upstream, args.upstream_http2) = (address.to_string().parse().unwrap(), true);
    })
    .await;
    let mut client = connect(wire.address).await;
    for _ in 0..2 {
        let answered = client.send_request(request(Method::POST, "/", "x"));
        let served = async {
            let (stream, _) = listener.accept().await.unwrap();
            let connection = Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service_fn(echo));
            let mut connection = std::pin::pin!(connection);
            // It takes what it was sent first, and no more.
            let first = std::future::poll_fn(|cx| {
                let _ = connection.as_mut().poll(cx);
                Poll::Ready(())
            });
            first.await;
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        };
        let (answered, ()) = timeout(HUNG, async { tokio::join!(answered, served) }).await.unwrap();
        let status = answered.unwrap().status();
        assert_eq!(status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_client_with_http2_is_served_by_an_upstream_with_http1() {
    let wire = Wire::new(&[]).await;
    let mut client = connect(wire.address).await;
    let mut asked = request(Method::GET, "/a", "");
    for cookie in ["a=1", "b=2"] {
        asked.headers_mut().append("cookie", cookie.parse().unwrap());
    }
    let served = async {
        let mut upstream = wire.upstream().await;
        let head = upstream.head().await;
        upstream.send(&answer("Cache-Control: max-age=60\r\n", "kept")).await;
        head
    };
    let (answered, head) =
        timeout(HUNG, async { tokio::join!(client.send_request(asked), served) }).await.unwrap();
    assert!(head.starts_with("GET /a HTTP/1.1\r\n"), "{head}");
    for (name, value) in [("host", "site"), ("cookie", "a=1; b=2"), ("via", "2.0 weir")] {
        assert_eq!(field(&head, name), value);
    }
    assert_eq!(answered.unwrap().collect().await.unwrap().to_bytes(), "kept");
    // What it keeps is for clients of either version.
    let hit = wire.ask("GET /a HTTP/1.1\r\nHost: site\r\n\r\n").await;
    assert!(field(&hit, "cache-status").starts_with("weir; hit"), "{hit}");
}

#[tokio::test]
async fn a_connection_with_http2_ends_with_the_proxy_when_its_requests_have() {
    let wire = Wire::with("watch = false", |_| {}).await;
    let mut client = connect(wire.address).await;
    let answered = client.send_request(request(Method::GET, "/", ""));
    let served = async {
        let mut upstream = wire.upstream().await;
        upstream.head().await;
        wire.end().await;
        while TcpStream::connect(wire.address).await.is_ok() {}
        upstream.send(&answer("", "last")).await;
    };
    let (answered, ()) = timeout(HUNG, async { tokio::join!(answered, served) }).await.unwrap();
    assert_eq!(answered.unwrap().collect().await.unwrap().to_bytes(), "last");
    assert!(wire.ended().await);
    assert!(client.ready().await.is_err());
}

#[tokio::test]
async fn a_call_beyond_the_limit_is_told_so_in_the_words_of_grpc() {
    let (address, _connections) = upstream().await;
    let file = "watch = false\n[defaults.rate_limit]\npolicies = ['1/hour']\n";
    let wire = Wire::with(file, |args| {
        (args.upstream, args.upstream_http2) = (address.to_string().parse().unwrap(), true);
    })
    .await;
    let mut client = connect(wire.address).await;
    for status in [None, Some("8")] {
        let mut call = request(Method::POST, "/weir.Greeter/Hello", "");
        call.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
        let response = timeout(HUNG, client.send_request(call)).await.unwrap().unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let told = response.headers().get("grpc-status").map(|status| status.to_str().unwrap());
        assert_eq!(told, status);
    }
}
