//! Two weirs of one file over one server.

#[path = "support/redis.rs"]
#[allow(dead_code)]
mod server;

use std::{convert::Infallible, future::ready, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use server::RedisServer;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_weir::Weir;

const FILE: &str = r#"
[redis]
cache = true
timeout = "30s"

[[route]]
path = "/limited"
rate_limit = { policies = ["4/hour"], shared = true, on_outage = "closed" }

[[route]]
path = "/pages/{*page}"
cache = { ttl = "1h" }
"#;

/// A service in a weir, as a process of its own would have it; it says its name.
async fn process(name: &'static str, redis: &RedisServer) -> impl AsyncFn(&str) -> (u16, String) {
    let weir = Weir::builder().text(FILE).environment([("WEIR_REDIS_URL", redis.url())]);
    let service =
        weir.build().unwrap().layer().layer(service_fn(move |_: Request<Full<Bytes>>| {
            ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(name))))
        }));
    async move |path: &str| {
        let request = Request::get(path).header("host", "weir.test");
        let mut service = service.clone();
        let response = service.ready().await.unwrap().call(request.body(Full::default()).unwrap());
        let response = response.await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.into()).unwrap())
    }
}

#[tokio::test]
async fn they_enforce_one_limit_together() {
    let redis = RedisServer::start();
    let (a, b) = (process("a", &redis).await, process("b", &redis).await);
    for _ in 0..2 {
        assert_eq!((a("/limited").await.0, b("/limited").await.0), (200, 200));
    }
    assert_eq!((a("/limited").await.0, b("/limited").await.0), (429, 429));
}

/// Asks for pages of its own until another one is in the server: so it is connected, and what it stored has arrived.
async fn until_stored(
    process: &impl AsyncFn(&str) -> (u16, String),
    whose: &str,
    redis: &RedisServer,
) -> Vec<String> {
    let stored =
        || redis.ask("KEYS weir:c:*").lines().filter(|key| key.starts_with("weir:c:")).count();
    let (before, mut pages) = (stored(), Vec::new());
    while stored() == before {
        pages.push(format!("/pages/{whose}/{}", pages.len()));
        assert_eq!(process(&pages[pages.len() - 1]).await.0, 200);
    }
    pages
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_has_stored_the_other_gives() {
    let redis = RedisServer::start();
    let (a, b) = (process("a", &redis).await, process("b", &redis).await);
    let given = async {
        until_stored(&b, "b", &redis).await;
        // Whoever waits too long for the server's answer makes one by itself: then another page is tried.
        for round in 0.. {
            for page in until_stored(&a, &format!("a{round}"), &redis).await {
                if b(&page).await.1 == "a" {
                    return;
                }
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), given).await.expect("nothing is shared");
}
