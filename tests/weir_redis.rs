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
timeout = "30s"
cache = true

[[route]]
path = "/limited"
rate_limit = { policies = ["4/hour"], shared = true, on_outage = "closed" }

[[route]]
path = "/pages/{number}"
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

#[tokio::test]
async fn what_one_has_stored_the_other_gives() {
    let redis = RedisServer::start();
    let (a, b) = (process("a", &redis).await, process("b", &redis).await);
    // A response is on its way to the server when its client has it.
    let given = async {
        for number in 0.. {
            let path = format!("/pages/{number}");
            assert_eq!(a(&path).await, (200, "a".to_owned()));
            tokio::task::yield_now().await;
            if b(&path).await == (200, "a".to_owned()) {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), given).await.expect("nothing is shared");
}
