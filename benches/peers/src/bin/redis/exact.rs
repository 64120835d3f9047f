//! Whether two instances admit one quota together.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Empty;
use tokio::task::JoinSet;
use tower::{Layer, ServiceExt};
use tower_weir::{
    rate_limit::{Leases, Quota, RateLimitLayer},
    redis::{Redis, RedisStore},
};
use tower_weir_peers::{Inner, Row, Section};

use crate::server::RedisServer;

const REQUESTS: u64 = 100_000;
const ADMITTED: u32 = 40_000;
/// One comes back in an hour: none while this runs.
const QUOTA: Quota = Quota::every(Duration::from_secs(60 * 60)).burst(ADMITTED);

pub(crate) async fn section() -> Section {
    let row = |name, passed: u64| {
        let quota = f64::from(ADMITTED);
        Row::new(name, "requests", passed as f64).at_least(quota).at_most(quota).promised()
    };
    Section {
        name: "exact",
        about: format!(
            "{REQUESTS} requests by two instances at once, of which {ADMITTED} may pass"
        ),
        rows: vec![
            row("admitted", admitted(false).await),
            row("admitted, leased", admitted(true).await),
        ],
    }
}

async fn admitted(leased: bool) -> u64 {
    let server = Arc::new(RedisServer::start());
    let mut tasks = JoinSet::new();
    for _ in 0..2 {
        let redis = Redis::open(&server.url()).expect("it is a URL");
        let redis = redis.timeout(Duration::from_secs(30)).expect("it is long");
        let mut layer = RateLimitLayer::new(QUOTA).shared(RedisStore::new(&redis));
        if leased {
            layer = layer.leases(Leases::new());
        }
        let service = layer.layer(Inner);
        for _ in 0..32 {
            let service = service.clone();
            tasks.spawn(async move {
                let mut passed = 0;
                for _ in 0..REQUESTS / 64 + 1 {
                    let request: Request<Empty<Bytes>> = Request::new(Empty::new());
                    let answer: Result<_, Infallible> = service.clone().oneshot(request).await;
                    passed += u64::from(
                        matches!(answer, Ok(answer) if answer.status() == StatusCode::OK),
                    );
                }
                passed
            });
        }
    }
    tasks.join_all().await.into_iter().sum()
}
