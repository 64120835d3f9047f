//! What requests wait longer while the server is killed, and once that is known.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use bytes::Bytes;
use hdrhistogram::Histogram;
use http::{HeaderName, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Full};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
use tower_weir::{
    cache::{CacheLayer, MemoryStore},
    key::Header,
    rate_limit::{Quota, RateLimitLayer},
    redis::{Redis, RedisCache, RedisStore},
};
use tower_weir_peers::{Row, Section};

use crate::{
    contestant::{histogram, micros},
    server::RedisServer,
};

/// Through a shared limit and a shared cache, to pages that are new each time.
pub(crate) async fn section(quick: bool) -> Section {
    let lasting = Duration::from_millis(if quick { 500 } else { 5_000 });
    let mut rows = Vec::new();
    for (name, frozen) in [("killed", false), ("frozen", true)] {
        let mut server = RedisServer::start();
        let service = service(&server.url());
        let mut pages = 0..;
        ask_for(Duration::from_millis(500), &service, &mut pages).await;
        let before = ask_for(lasting, &service, &mut pages).await;
        if frozen {
            server.freeze()
        } else {
            server.kill()
        }
        let at_first = ask_for(Duration::from_millis(500), &service, &mut pages).await;
        let after = ask_for(lasting, &service, &mut pages).await;
        if frozen {
            server.thaw();
        }
        rows.push(Row::new(format!("{name}: before, p99"), "us", micros(&before, 0.99)));
        rows.push(Row::new(format!("{name}: first 500 ms, longest"), "us", micros(&at_first, 1.0)));
        rows.push(Row::new(format!("{name}: first 500 ms, p99"), "us", micros(&at_first, 0.99)));
        rows.push(
            Row::new(format!("{name}: after, p99"), "us", micros(&after, 0.99)).at_most(1_000.0),
        );
    }
    Section {
        name: "outage",
        about: "one asks through a limit and a cache for pages that are new; no request fails"
            .to_owned(),
        rows,
    }
}

fn service(
    url: &str,
) -> impl Service<
    Request<Empty<Bytes>>,
    Response = Response<impl BodyExt<Data = Bytes, Error: std::fmt::Debug> + use<>>,
    Error = Infallible,
> + Clone
+ use<> {
    const CLIENT: HeaderName = HeaderName::from_static("x-client");
    let redis = Redis::open(url).expect("it is a URL");
    let limit = RateLimitLayer::new(Quota::per_second(1_000_000)).key(Header(CLIENT));
    let store = MemoryStore::with_max_bytes(16 << 20).over(RedisCache::new(&redis));
    ServiceBuilder::new()
        .layer(limit.shared(RedisStore::new(&redis)))
        .layer(CacheLayer::new(store).default_ttl(Duration::from_secs(60)))
        .service(service_fn(async |_: Request<Empty<Bytes>>| {
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("a page")))
        }))
}

async fn ask_for<S, B>(
    lasting: Duration,
    service: &S,
    pages: &mut std::ops::RangeFrom<u64>,
) -> Histogram<u64>
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>, Error = Infallible> + Clone,
    B: BodyExt<Data = Bytes, Error: std::fmt::Debug>,
{
    let mut times = histogram();
    let begin = Instant::now();
    while begin.elapsed() < lasting {
        let page = pages.next().unwrap_or_default();
        let mut request = Request::new(Empty::new());
        request.headers_mut().insert("x-client", (page % 100).into());
        *request.uri_mut() =
            format!("http://bench/pages/{page}").parse::<Uri>().expect("it is a URI");
        let start = Instant::now();
        let Ok(response) = service.clone().oneshot(request).await;
        assert_eq!(response.status(), StatusCode::OK, "no request fails");
        response.into_body().collect().await.expect("it is whole");
        times.saturating_record(start.elapsed().as_nanos() as u64);
    }
    times
}
