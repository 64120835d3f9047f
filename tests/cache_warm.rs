//! Caches that are filled before anybody asks.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use axum::{
    Router,
    body::Body,
    extract::Path,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{Request, StatusCode};
use tokio::sync::Semaphore;
use tonic::codegen::tokio_stream;
use tower::ServiceExt;
use tower_weir::cache::{CacheLayer, Handle, MemoryStore, WarmProgress};

fn requests<'a>(paths: &'a [&'a str]) -> impl Iterator<Item = Request<Body>> + Send + use<> {
    let requests = paths.iter().map(|path| Request::get(*path).body(Body::empty()).unwrap());
    requests.collect::<Vec<_>>().into_iter()
}

fn layer() -> CacheLayer {
    CacheLayer::new(MemoryStore::with_max_bytes(16 << 20))
}

/// Answers as the path says.
async fn answer(Path(name): Path<String>) -> Response {
    const STORED: [(&str, &str); 1] = [("cache-control", "max-age=60")];
    match &*name {
        "private" => ([("cache-control", "private")], "yours").into_response(),
        "missing" => StatusCode::NOT_FOUND.into_response(),
        "gone" => (StatusCode::GONE, STORED, "gone").into_response(),
        "broken" => {
            let pieces = tokio_stream::iter([Ok("a"), Err("it broke")]);
            (STORED, Body::from_stream(pieces)).into_response()
        }
        "large" => {
            let pieces = tokio_stream::iter(vec![Ok::<_, &str>(vec![0; 1 << 10]); 3]);
            (STORED, Body::from_stream(pieces)).into_response()
        }
        "failing" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        "panic" => panic!("meant to"),
        _ => (STORED, name).into_response(),
    }
}

fn app(layer: CacheLayer) -> (Router, Handle) {
    let cache = layer.handle();
    (Router::new().route("/{name}", get(answer)).layer(layer), cache)
}

#[tokio::test]
async fn it_tells_what_was_stored_what_was_there_and_what_failed() {
    let (app, cache) = app(layer().max_object_bytes(2_000));
    let before = cache.warm(app.clone(), requests(&["/b"])).await;
    assert_eq!(before.to_string(), "1 requests: 1 stored, 0 there already, 0 not stored, 0 failed");
    let paths = [
        "/a", "/b", "/private", "/missing", "/gone", "/broken", "/large", "/failing", "/panic",
        "/z",
    ];
    let seen = Arc::new(Mutex::new(Vec::<WarmProgress>::new()));
    let tell = Arc::clone(&seen);
    let report = cache
        .warm(app.clone(), requests(&paths))
        .concurrency(NonZeroUsize::MIN)
        .on_progress(move |progress| tell.lock().unwrap().push(progress))
        .await;
    assert_eq!((report.requests, report.stored, report.hits, report.passed), (10, 3, 1, 2));
    let failures: Vec<_> = report.failures.iter().map(|failure| failure.uri.path()).collect();
    assert_eq!(failures, ["/missing", "/broken", "/failing", "/panic"]);
    assert!(report.failures[1].to_string().contains("it broke"), "{}", report.failures[1]);
    assert_eq!(
        report.failures[2].to_string(),
        "/failing: the service answered 500 Internal Server Error"
    );

    let seen = seen.lock().unwrap().clone();
    let told: Vec<_> = seen.iter().map(|progress| (progress.done, progress.failed)).collect();
    let expected =
        [(1, 0), (2, 0), (3, 0), (4, 1), (5, 1), (6, 2), (7, 2), (8, 3), (9, 4), (10, 4)];
    assert_eq!(told, expected);
    assert!(seen.iter().all(|progress| progress.total == Some(10)));

    let hit = app.oneshot(Request::get("/z").body(Body::empty()).unwrap()).await.unwrap();
    assert!(hit.headers()["cache-status"].to_str().unwrap().contains("; hit"));
}

/// A handler that waits to be let go, and how many calls of it are under way, and were at most.
fn slow() -> (Router, Handle, Arc<Semaphore>, Arc<[AtomicUsize; 2]>) {
    let (go, counts) = (Arc::new(Semaphore::new(0)), Arc::new([const { AtomicUsize::new(0) }; 2]));
    let (gate, counted) = (Arc::clone(&go), Arc::clone(&counts));
    let handler = get(async move || {
        let now = counted[0].fetch_add(1, SeqCst) + 1;
        counted[1].fetch_max(now, SeqCst);
        gate.acquire().await.unwrap().forget();
        counted[0].fetch_sub(1, SeqCst);
        ([("cache-control", "max-age=60")], "done")
    });
    let layer = layer();
    let cache = layer.handle();
    (Router::new().route("/{name}", handler).layer(layer), cache, go, counts)
}

async fn settle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

fn numbered(count: usize) -> impl Iterator<Item = Request<Body>> + Send {
    (0..count).map(|n| Request::get(format!("/{n}")).body(Body::empty()).unwrap())
}

#[tokio::test]
async fn no_more_are_under_way_than_may_be() {
    for (limit, expected) in [(None, 8), (NonZeroUsize::new(3), 3)] {
        let (app, cache, go, counts) = slow();
        let warm = cache.warm(app, numbered(20));
        let warm = match limit {
            Some(limit) => warm.concurrency(limit),
            None => warm,
        };
        let warming = tokio::spawn(warm.into_future());
        settle().await;
        assert_eq!(counts[0].load(SeqCst), expected);
        go.add_permits(20);
        assert_eq!(warming.await.unwrap().stored, 20);
        assert_eq!(counts[1].load(SeqCst), expected);
    }
}

#[tokio::test]
async fn nothing_more_is_asked_for_once_it_is_dropped() {
    let (app, cache, go, counts) = slow();
    let warming = tokio::spawn(cache.warm(app.clone(), numbered(20)).into_future());
    settle().await;
    warming.abort();
    assert!(warming.await.unwrap_err().is_cancelled());
    go.add_permits(20);
    settle().await;
    assert_eq!((counts[0].load(SeqCst), counts[1].load(SeqCst)), (0, 8));
    assert_eq!(go.available_permits(), 12, "those under way went on, and no others");
}
