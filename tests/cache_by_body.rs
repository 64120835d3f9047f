//! Queries that are told apart by their body.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, request};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use tonic::codegen::tokio_stream::{self, StreamExt};
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneSyncService};
use tower_weir::{
    cache::{BodyKeyedLayer, CacheBody, CacheLayer, Handle, MemoryStore},
    clock::{Clock, ManualClock},
};

/// What a service got of a request's body.
#[derive(Clone, Debug, Default, PartialEq)]
struct Got {
    data: String,
    trailers: Option<HeaderMap>,
    error: Option<String>,
    if_none_match: bool,
}

/// A service that tells what it got and notes it, behind a cache.
struct Cached {
    service: BoxCloneSyncService<Request<Body>, Response<CacheBody<Full<Bytes>>>, Infallible>,
    cache: Handle,
    hand: ManualClock,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Cached {
    fn new(
        configure: impl FnOnce(BodyKeyedLayer<CacheLayer, Body>) -> BodyKeyedLayer<CacheLayer, Body>,
    ) -> Self {
        let (clock, hand) = Clock::manual();
        let layer = CacheLayer::new(MemoryStore::with_max_bytes(16 << 20)).clock(clock);
        let layer = configure(layer.keyed_by_body(Body::new));
        let got = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&got);
        let inner = service_fn(move |request: Request<Body>| {
            let noted = Arc::clone(&noted);
            async move {
                let got = receive(request).await;
                let body = Full::from(format!("{} to {}", noted.lock().unwrap().len(), got.data));
                noted.lock().unwrap().push(got);
                let response = Response::builder().header("cache-control", "max-age=60");
                Ok::<_, Infallible>(response.header("etag", "\"1\"").body(body).unwrap())
            }
        });
        let cache = layer.handle();
        Self { service: BoxCloneSyncService::new(layer.layer(inner)), cache, hand, got }
    }

    /// The answer to a request, and what the cache did.
    async fn send(&self, request: Request<Body>) -> (String, String) {
        let response = self.service.clone().oneshot(request).await.unwrap();
        let status = response.headers()["cache-status"].to_str().unwrap().to_owned();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (String::from_utf8(body.to_vec()).unwrap(), status)
    }

    async fn post(&self, body: impl Into<Body>) -> (String, String) {
        self.send(post().body(body.into()).unwrap()).await
    }

    fn last(&self) -> Got {
        self.got.lock().unwrap().last().cloned().unwrap()
    }

    fn calls(&self) -> usize {
        self.got.lock().unwrap().len()
    }
}

/// All of a request's body, as it came.
async fn receive(request: Request<Body>) -> Got {
    let if_none_match = request.headers().contains_key("if-none-match");
    let mut got = Got { if_none_match, ..Got::default() };
    let mut body = request.into_body();
    while let Some(frame) = body.frame().await {
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) => got.data += std::str::from_utf8(&data).unwrap(),
            Ok(Err(frame)) => got.trailers = frame.into_trailers().ok(),
            Err(error) => got.error = Some(error.to_string()),
        }
    }
    got
}

fn post() -> request::Builder {
    Request::post("http://a/search").header("content-type", "application/json")
}

/// A body that comes in these pieces.
fn pieces(pieces: &[&'static str]) -> Body {
    let pieces: Vec<_> = pieces.iter().map(|piece| Ok::<_, Infallible>(*piece)).collect();
    Body::from_stream(tokio_stream::iter(pieces))
}

#[tokio::test]
async fn the_same_query_is_answered_once() {
    let cached = Cached::new(|layer| layer);
    let first = cached.post("a").await;
    assert_eq!(first, ("0 to a".into(), "weir; fwd=uri-miss; stored".into()));
    assert_eq!(cached.post("a").await, ("0 to a".into(), "weir; hit; ttl=60".into()));
    assert_eq!(cached.post(pieces(&["", "a", ""])).await.1, "weir; hit; ttl=60");
    assert_eq!(cached.post("b").await.0, "1 to b");
    assert_eq!(cached.post("ab").await.0, "2 to ab");
    assert_eq!(cached.post(pieces(&["a", "b"])).await.1, "weir; hit; ttl=60");
    assert_eq!(cached.post("").await.0, "3 to ");
    assert_eq!(cached.post(Body::empty()).await.0, "3 to ");
    assert_eq!(cached.last(), Got::default());
}

#[tokio::test]
async fn type_and_coding_of_a_query_count() {
    let cached = Cached::new(|layer| layer);
    let asked = async |fields: &[(&str, &str)]| {
        let request = Request::post("http://a/search");
        let request =
            fields.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        cached.send(request.body(Body::from("a")).unwrap()).await.0
    };
    assert_eq!(asked(&[("content-type", "application/json")]).await, "0 to a");
    assert_eq!(asked(&[("content-type", "text/plain")]).await, "1 to a");
    assert_eq!(asked(&[("content-type", "text/plain"), ("content-encoding", "x")]).await, "2 to a");
    assert_eq!(asked(&[]).await, "3 to a");
    assert_eq!(asked(&[("content-type", "application/json")]).await, "0 to a");
    assert_eq!(asked(&[]).await, "3 to a");
}

#[tokio::test]
async fn a_body_over_the_bound_passes_and_nothing_of_it_is_lost() {
    let cached = Cached::new(|layer| layer.max_body_bytes(3));
    for (body, expected) in [
        (pieces(&["ab", "c", "d", "ef"]), "abcdef"),
        (pieces(&["abcdef"]), "abcdef"),
        (Body::from("abcd"), "abcd"),
    ] {
        let calls = cached.calls();
        let (_, status) = cached.post(body).await;
        assert_eq!(status, "weir; fwd=bypass; detail=request-body-too-large");
        assert_eq!((cached.last().data.as_str(), cached.calls()), (expected, calls + 1));
    }
    assert_eq!(cached.post(pieces(&["ab", "c"])).await.1, "weir; fwd=uri-miss; stored");
}

#[tokio::test]
async fn errors_and_trailers_of_a_body_reach_the_service_where_they_were() {
    let cached = Cached::new(|layer| layer);
    let broken = tokio_stream::iter([Ok("ab"), Err("it broke")]);
    let (_, status) = cached.post(Body::from_stream(broken)).await;
    assert_eq!(status, "weir; fwd=bypass; detail=request-body-failed");
    let broken = Got { data: "ab".into(), error: Some("it broke".into()), ..Got::default() };
    assert_eq!(cached.last(), broken);

    let trailers =
        HeaderMap::from_iter([("x-sum".parse().unwrap(), HeaderValue::from_static("7"))]);
    let frames = [Frame::data(Bytes::from("ab")), Frame::trailers(trailers.clone())];
    let frames = tokio_stream::iter(frames.map(Ok::<_, Infallible>));
    let (_, status) = cached.post(Body::new(StreamBody::new(frames))).await;
    assert_eq!(status, "weir; fwd=bypass; detail=request-trailers");
    assert_eq!(
        cached.last(),
        Got { data: "ab".into(), trailers: Some(trailers), ..Got::default() }
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_end_is_not_waited_for() {
    let cached = Cached::new(|layer| layer.max_body_wait(Duration::from_secs(2)));
    let late = tokio_stream::iter([Ok::<_, Infallible>("cd")]);
    let late = StreamExt::then(late, async |piece| {
        tokio::time::sleep(Duration::from_secs(3)).await;
        piece
    });
    let slow = tokio_stream::iter([Ok("ab")]).chain(late);
    let (_, status) = cached.post(Body::from_stream(slow)).await;
    assert_eq!(status, "weir; fwd=bypass; detail=request-body-slow");
    assert_eq!(cached.last().data, "abcd");
}

#[tokio::test]
async fn only_what_the_operator_names_is_a_query() {
    let cached = Cached::new(|layer| {
        layer
            .only(|head| head.uri.path() == "/search")
            .only_content(|_, content| !content.starts_with(b"mutation"))
    });
    cached.post("query").await;
    assert_eq!(cached.post("query").await.1, "weir; hit; ttl=60");
    let mutation = cached.post("mutation").await;
    assert_eq!(
        (cached.last().data.as_str(), mutation.1.as_str()),
        ("mutation", "weir; fwd=method")
    );
    // It may have changed what the query told.
    assert_eq!(cached.post("query").await.0, "2 to query");
    let elsewhere = Request::post("http://a/orders").body(Body::from("query")).unwrap();
    assert_eq!(cached.send(elsewhere).await.1, "weir; fwd=method");
    let put = Request::put("http://a/search").body(Body::from("query")).unwrap();
    assert_eq!(cached.send(put).await.1, "weir; fwd=method");
    assert_eq!(cached.post("query").await.0, "5 to query");
}

#[tokio::test]
async fn a_grpc_call_that_nobody_named_is_no_query() {
    let call = || {
        let call = Request::post("http://a/S/M").header("content-type", "application/grpc+proto");
        call.body(Body::from("a")).unwrap()
    };
    assert_eq!(Cached::new(|layer| layer).send(call()).await.1, "weir; fwd=method");
    // Nor is gRPC-Web, even if it is named.
    let named = Cached::new(|layer| layer.only(|_| true));
    let mut web = call();
    let kind = HeaderValue::from_static("application/grpc-web+proto");
    web.headers_mut().insert("content-type", kind);
    assert_eq!(named.send(web).await.1, "weir; fwd=method");
}

#[tokio::test]
async fn other_methods_are_queries_if_the_operator_says_so() {
    let cached = Cached::new(|layer| layer);
    let of = |method: &str, body: &'static str| {
        Request::builder().method(method).uri("http://a/").body(Body::from(body)).unwrap()
    };
    assert_eq!(cached.send(of("QUERY", "a")).await.1, "weir; fwd=uri-miss; stored");
    assert_eq!(cached.send(of("QUERY", "a")).await.1, "weir; hit; ttl=60");
    assert_eq!(cached.send(of("POST", "a")).await.1, "weir; fwd=uri-miss; stored");

    let cached = Cached::new(|layer| layer.methods([Method::GET]));
    for body in ["a", "b", ""] {
        assert_eq!(cached.send(of("GET", body)).await.1, "weir; fwd=uri-miss; stored");
        assert_eq!(cached.send(of("GET", body)).await.1, "weir; hit; ttl=60");
    }
    assert_eq!(cached.send(of("HEAD", "")).await.1, "weir; hit; ttl=60");
    assert_eq!(cached.send(of("POST", "a")).await.1, "weir; fwd=method");
}

#[tokio::test]
async fn a_stale_query_is_asked_anew_without_conditions() {
    let cached = Cached::new(|layer| layer);
    cached.post("a").await;
    cached.hand.advance(Duration::from_secs(61));
    assert_eq!(cached.post("a").await, ("1 to a".into(), "weir; fwd=stale; stored".into()));
    assert_eq!(cached.last(), Got { data: "a".into(), ..Got::default() });
    let conditional = post().header("if-none-match", "\"1\"").body(Body::from("a")).unwrap();
    assert_eq!(cached.send(conditional).await.1, "weir; fwd=bypass; detail=precondition");
    assert!(cached.last().if_none_match, "the client's own condition is for the service");
}

#[tokio::test]
async fn queries_that_come_together_are_one_call_and_can_be_purged() {
    let cached = Cached::new(|layer| layer);
    let (one, other, another) =
        tokio::join!(cached.post("a"), cached.post(pieces(&["a"])), cached.post("b"));
    assert_eq!(one.0, other.0);
    assert_ne!(one.0, another.0);
    assert_eq!(cached.calls(), 2);
    cached.cache.purge(&"http://a/search".parse().unwrap());
    assert_eq!(cached.post("a").await.1, "weir; fwd=uri-miss; stored");
    assert_eq!(cached.calls(), 3);
}
