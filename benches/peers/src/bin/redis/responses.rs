//! A hit in the second tier, beside a plain GET of as much.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Empty, Full};
use tower::{Layer, ServiceExt, service_fn};
use tower_weir::{
    cache::{CacheLayer, MemoryStore},
    redis::{Redis, RedisCache},
};
use tower_weir_peers::{Progress, Row, Section};

use crate::{contestant::Contestant, server::RedisServer};

/// Text as of an API: it does not compress to nothing.
fn body(bytes: usize) -> Bytes {
    let mut random = fastrand::Rng::with_seed(7);
    let mut text = String::new();
    while text.len() < bytes {
        text += &format!("{{\"id\":{},\"name\":\"weir\"}},", random.u32(..));
    }
    text.truncate(bytes);
    text.into()
}

pub(crate) async fn section(quick: bool) -> Section {
    let server = RedisServer::start();
    let (rounds, turn) = if quick { (4, 1_000) } else { (40, 2_000) };
    let mut rows = Vec::new();
    for (name, bytes) in [("1 KiB", 1 << 10), ("64 KiB", 64 << 10)] {
        let mut plain = plain(&server, bytes).await;
        let mut ours = ours(&server, name, bytes).await;
        let mut progress = Progress::new(name, rounds);
        for round in 0..rounds {
            plain.turn(16, turn).await;
            ours.turn(16, turn).await;
            progress.reached(round);
        }
        let row = |what, unit, ours: f64, plain| {
            Row::new(format!("{name}: {what}"), unit, ours).beside("GET", plain)
        };
        rows.push(row("hits", "1/s", ours.rate(), plain.rate()));
        rows.push(row("p50", "us", ours.quantile(0.5), plain.quantile(0.5)));
        rows.push(row("p99", "us", ours.quantile(0.99), plain.quantile(0.99)));
    }
    Section {
        name: "responses",
        about:
            "16 ask at once for 1,000 pages, none of which is in memory; beside a GET of the body"
                .to_owned(),
        rows,
    }
}

const PAGES: u64 = 1_000;
/// Longer than a busy machine takes.
const LONG: Duration = Duration::from_secs(5);

async fn plain(server: &RedisServer, bytes: usize) -> Contestant {
    let client = redis::Client::open(server.url()).expect("it is a URL");
    let mut connection = client.get_multiplexed_async_connection().await.expect("it is there");
    let body = body(bytes);
    for page in 0..PAGES {
        let mut set = redis::cmd("SET");
        set.arg(format!("plain:{bytes}:{page}")).arg(&*body);
        set.exec_async(&mut connection).await.expect("it answers");
    }
    Contestant::new("GET", move |number| {
        let mut connection = connection.clone();
        async move {
            let mut get = redis::cmd("GET");
            get.arg(format!("plain:{bytes}:{}", number % PAGES));
            let body: Vec<u8> = get.query_async(&mut connection).await.expect("it answers");
            assert_eq!(body.len(), bytes);
        }
    })
}

/// An instance whose memory holds nothing answers with what is in the tier.
async fn ours(server: &RedisServer, name: &'static str, bytes: usize) -> Contestant {
    let body = body(bytes);
    let calls = Arc::new(AtomicU64::new(0));
    let redis = Redis::open(&server.url()).expect("it is a URL");
    let redis = redis.timeout(LONG).expect("it is long");
    let tier = RedisCache::new(&redis).timeout(LONG).expect("it is long");
    // No room: nothing is kept in memory.
    let store = MemoryStore::with_max_bytes(0).over(tier);
    let layer = CacheLayer::new(store).default_ttl(Duration::from_secs(3_600));
    let (given, called) = (body.clone(), Arc::clone(&calls));
    let service = layer.layer(service_fn(move |_: Request<Empty<Bytes>>| {
        called.fetch_add(1, Ordering::Relaxed);
        let mut response = Response::new(Full::new(given.clone()));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        std::future::ready(Ok::<_, Infallible>(response))
    }));
    // The first answers are stored once it is connected and knows of all purges.
    for number in 0..PAGES {
        loop {
            let before = calls.load(Ordering::Relaxed);
            let Ok(response) = service.clone().oneshot(page(bytes, number)).await;
            response.into_body().collect().await.expect("it is whole");
            if calls.load(Ordering::Relaxed) == before {
                break;
            }
            // Each miss writes the page again, and the next page behind all of them.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    let before = calls.load(Ordering::Relaxed);
    Contestant::new(name, move |number| {
        assert_eq!(calls.load(Ordering::Relaxed), before, "all pages are in the tier");
        let service = service.clone();
        async move {
            let Ok(response) = service.oneshot(page(bytes, number)).await;
            let body = response.into_body().collect().await.expect("it is whole");
            assert_eq!(body.to_bytes().len(), bytes);
        }
    })
}

fn page(bytes: usize, number: u64) -> Request<Empty<Bytes>> {
    let uri = format!("http://bench/{bytes}/{}", number % PAGES);
    let mut request = Request::new(Empty::new());
    *request.uri_mut() = uri.parse().expect("it is a URI");
    request
}
