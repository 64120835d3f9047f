use std::convert::Infallible;

use axum::body::Body as Query;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneSyncService};
use tower_weir::{
    cache::{CacheBody, CacheLayer, MemoryStore},
    clock::Clock,
};

use crate::world::{Asked, Body, World, answer};

type Queries = BoxCloneSyncService<Request<Query>, http::Response<CacheBody<Body>>, Infallible>;

fn with_trailers(
    fields: &[(&str, &str)],
    body: &'static str,
    trailer: &'static str,
) -> http::Response<Body> {
    let trailers =
        HeaderMap::from_iter([("grpc-status".parse().unwrap(), HeaderValue::from_static(trailer))]);
    let body = Full::new(Bytes::from_static(body.as_bytes()));
    answer(fields, "")
        .map(|_: Body| body.with_trailers(async { Some(Ok(trailers)) }).boxed_unsync())
}

#[tokio::test(start_paused = true)]
async fn trailers_are_kept() {
    let fields = [("cache-control", "max-age=60"), ("content-type", "application/grpc")];
    let world = World::new(move |_: &Asked| with_trailers(&fields, "\0\0\0\0\x01a", "0"));
    world.process().get("/a").await;
    let got = world.process().get("/a").await;
    assert_eq!((got.text(), world.calls()), ("\0\0\0\0\x01a", 1));
    assert_eq!(got.trailers.unwrap()["grpc-status"], "0");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_failed_by_its_trailers_is_not_kept() {
    let fields = [("cache-control", "max-age=60"), ("content-type", "application/grpc")];
    let world = World::new(move |_: &Asked| with_trailers(&fields, "", "14"));
    world.process().get("/a").await;
    assert_eq!(world.server.records(), 0);
}

#[tokio::test(start_paused = true)]
async fn answers_to_queries_are_shared_by_what_is_in_them() {
    let world = World::counting();
    let process = || {
        let store = MemoryStore::with_max_bytes(1 << 20).over(world.server.clone());
        let (clock, _) = Clock::manual();
        let layer = CacheLayer::new(store).clock(clock).keyed_by_body(Query::new);
        BoxCloneSyncService::new(layer.layer(service_fn(|query: Request<Query>| async {
            let asked = query.into_body().collect().await.unwrap().to_bytes();
            Ok::<_, Infallible>(answer(&[("cache-control", "max-age=60")], asked))
        })))
    };
    let (a, b) = (process(), process());
    let ask = async |process: &Queries, body: &'static str| {
        let query =
            Request::post("https://example.com/a").header("content-type", "application/json");
        let query = query.body(Query::from(body)).unwrap();
        let response = process.clone().oneshot(query).await.unwrap();
        response.headers()["cache-status"].to_str().unwrap().to_owned()
    };
    ask(&a, "one").await;
    assert_eq!(ask(&b, "one").await, "weir; hit; ttl=60; detail=second-tier");
    assert_eq!(ask(&b, "other").await, "weir; fwd=uri-miss; stored");
}

#[tokio::test(start_paused = true)]
async fn what_caches_nearer_to_the_service_said_is_passed_on() {
    let fields = [("cache-control", "max-age=60"), ("cache-status", "inner; hit")];
    let world = World::new(move |_| answer(&fields, "a"));
    world.process().get("/a").await;
    let got = world.process().get("/a").await;
    assert_eq!(got.told(), "inner; hit, weir; hit; ttl=60; detail=second-tier");
    let silent = world.process_with(|layer| layer.cache_status(false));
    assert_eq!(silent.get("/a").await.told(), "inner; hit");
}

#[tokio::test(start_paused = true)]
async fn a_large_body_comes_as_it_went() {
    let body: String = (0..10_000).map(|line| format!("line {line}\n")).collect();
    let sent = body.clone();
    let world = World::new(move |_| answer(&[("cache-control", "max-age=60")], sent.clone()));
    world.process().get("/a").await;
    let got = world.process().get("/a").await;
    assert!(got.text() == body);
    assert_eq!(world.calls(), 1);
}

#[cfg(feature = "compression")]
#[tokio::test]
async fn what_is_stored_compressed_is_plain_below_and_compressed_again_above() {
    use tower_weir::cache::Compression;
    let body = "text ".repeat(10_000);
    let sent = body.clone();
    let world = World::new(move |request| {
        let fields = [("cache-control", "max-age=60"), ("content-type", "text/plain")];
        crate::world::versioned(request, &fields, "1", &sent)
    });
    let compressing = || world.process_with(|layer| layer.compress(Compression::gzip()));
    let (a, b, plain) = (compressing(), compressing(), world.process());
    a.get("/a").await;
    // It is confirmed in its compressed form, and written anew from that.
    crate::until::until(|| a.cache.stats().store.bytes < 10_000).await;
    world.pass(70);
    assert_eq!(a.get("/a").await.told(), "weir; fwd=stale; fwd-status=304; stored");
    assert!(plain.get("/a").await.text() == body);
    assert!(b.get("/a").await.text() == body);
    crate::until::until(|| b.cache.stats().store.bytes < 10_000).await;
    let got = b.get_with("/a", &[("accept-encoding", "gzip")]).await;
    assert_eq!(got.field("content-encoding"), "gzip");
    assert_eq!(world.calls(), 2);
}
