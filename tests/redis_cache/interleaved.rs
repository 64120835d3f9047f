//! Changes and questions at once, in processes that share a server.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
};

use axum::{
    Router,
    body::{Body, to_bytes},
};
use http::{Method, Request, Response};
use tower::ServiceExt;
use tower_weir::cache::{CacheLayer, MemoryStore};

use crate::{instance::tier, server::RedisServer};

/// A process in front of a service whose answers tell of the last change that it had seen when they were asked for.
fn process(url: &str, changes: &Arc<AtomicU64>) -> Router {
    let store = MemoryStore::with_max_bytes(1 << 20).over(tier(url));
    let changes = Arc::clone(changes);
    let handler = async move |request: Request<Body>| {
        let change = u64::from(request.method() == Method::POST);
        let seen = changes.fetch_add(change, SeqCst) + change;
        // Others come between what was seen and its way back.
        tokio::task::yield_now().await;
        Response::builder()
            .header("cache-control", "max-age=600")
            .body(Body::from(seen.to_string()))
            .unwrap()
    };
    Router::new().fallback(handler).layer(CacheLayer::new(store))
}

/// Which change the answer tells of.
async fn send(process: &Router, method: Method) -> u64 {
    let request = Request::builder().method(method).uri("/a").body(Body::empty()).unwrap();
    let response = process.clone().oneshot(request).await.unwrap();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    str::from_utf8(&body).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_has_changed_something_never_gets_what_was_before() {
    let server = RedisServer::start();
    let changes = Arc::new(AtomicU64::new(0));
    let processes = [(); 3].map(|()| process(&server.url(), &changes));
    let done = Arc::<AtomicBool>::default();
    let askers = processes.clone().map(|process| {
        let done = Arc::clone(&done);
        tokio::spawn(async move {
            while !done.load(SeqCst) {
                send(&process, Method::GET).await;
                tokio::task::yield_now().await;
            }
        })
    });
    for process in processes.iter().cycle().take(600) {
        let changed = send(process, Method::POST).await;
        for _ in 0..3 {
            let told = send(process, Method::GET).await;
            assert!(told >= changed, "{told} after {changed}");
            tokio::task::yield_now().await;
        }
    }
    // In the end everyone has the last.
    for process in &processes {
        let newest = async {
            while send(process, Method::GET).await < changes.load(SeqCst) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(crate::instance::PATIENCE, newest).await.unwrap();
    }
    done.store(true, SeqCst);
    for asker in askers {
        asker.await.unwrap();
    }
}
