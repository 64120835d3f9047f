//! How long it takes until a purge in one instance holds in another.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_weir::{
    cache::{CacheLayer, Handle, MemoryStore},
    redis::{Redis, RedisCache},
};
use tower_weir_peers::{Progress, Row, Section};

use crate::{
    contestant::{histogram, micros},
    server::RedisServer,
};

pub(crate) async fn section(quick: bool) -> Section {
    let server = RedisServer::start();
    let version = Arc::new(AtomicU64::new(0));
    let (handle, here) = instance(&server, &version);
    let (_, there) = instance(&server, &version);
    let purges = if quick { 200 } else { 5_000 };
    let mut progress = Progress::new("purges", purges);
    let mut times = histogram();
    for purge in 0..purges {
        // Both have the same version.
        let now = version.load(Ordering::Relaxed);
        while ask(&here).await != now || ask(&there).await != now {}
        version.store(now + 1, Ordering::Relaxed);
        let start = Instant::now();
        handle.purge_tag("pages");
        while ask(&there).await == now {
            tokio::task::yield_now().await;
        }
        times.saturating_record(start.elapsed().as_nanos() as u64);
        progress.reached(purge);
    }
    let row = |name, quantile| Row::new(name, "us", micros(&times, quantile));
    Section {
        name: "purges",
        about: format!(
            "{purges} purges in one instance, until another answers with the new version"
        ),
        rows: vec![row("p50", 0.5), row("p99", 0.99).at_most(10_000.0), row("longest", 1.0)],
    }
}

fn instance(
    server: &RedisServer,
    version: &Arc<AtomicU64>,
) -> (
    Handle,
    impl Service<
        Request<Empty<Bytes>>,
        Response = Response<impl BodyExt<Data = Bytes, Error: std::fmt::Debug>>,
        Error = Infallible,
    > + Clone,
) {
    let redis = Redis::open(&server.url()).expect("it is a URL");
    let store = MemoryStore::with_max_bytes(1 << 20).over(RedisCache::new(&redis));
    let layer = CacheLayer::new(store).default_ttl(Duration::from_secs(3_600));
    let version = Arc::clone(version);
    let handle = layer.handle();
    let service = layer.layer(service_fn(move |_: Request<Empty<Bytes>>| {
        let version = version.load(Ordering::Relaxed);
        let response = Response::builder().header("surrogate-key", "pages");
        let response = response.body(Full::<Bytes>::from(version.to_string()));
        std::future::ready(Ok::<_, Infallible>(response.expect("the header is right")))
    }));
    (handle, service)
}

/// The version that it answers with.
async fn ask<S, B>(service: &S) -> u64
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>, Error = Infallible> + Clone,
    B: BodyExt<Data = Bytes, Error: std::fmt::Debug>,
{
    let mut request = Request::new(Empty::new());
    *request.uri_mut() = http::Uri::from_static("http://bench/page");
    let Ok(response) = service.clone().oneshot(request).await;
    let body = response.into_body().collect().await.expect("it is whole").to_bytes();
    std::str::from_utf8(&body).ok().and_then(|text| text.parse().ok()).expect("it is a number")
}
