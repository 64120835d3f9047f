//! What a check costs, beside the fixed window that most people write first.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::Empty;
use tower::{Layer, Service, ServiceExt};
use tower_weir::{
    key::Header,
    rate_limit::{Leases, Quota, RateLimitLayer},
    redis::{Redis, RedisStore},
};
use tower_weir_peers::{Inner, Progress, Row, Section};

use crate::{contestant::Contestant, server::RedisServer};

const CLIENT: HeaderName = HeaderName::from_static("x-client");

pub(crate) async fn sections(quick: bool) -> Vec<Section> {
    let server = RedisServer::start();
    let (rounds, turn) = if quick { (4, 2_000) } else { (40, 10_000) };
    let mut sections = Vec::new();
    for (name, about, keys, askers) in [
        ("hot", "64 ask at once for one key", 1, 64),
        ("many", "64 ask at once for 10,000 keys", 10_000, 64),
        ("alone", "one asks, for one key", 1, 1),
    ] {
        let mut contestants = contestants(&server, keys).await;
        let mut progress = Progress::new(name, rounds);
        let turn = if askers == 1 { turn / 10 } else { turn };
        for round in 0..rounds {
            for contestant in &mut contestants {
                contestant.turn(askers, turn).await;
            }
            progress.reached(round);
        }
        let [plain, ours @ ..] = &*contestants else { unreachable!("there are several") };
        let about = format!("{about}, through the layer; beside INCR and EXPIRE in one round trip");
        let rows = ours.iter().flat_map(|ours| rows(ours, plain)).collect();
        sections.push(Section { name, about, rows });
    }
    sections
}

fn rows(ours: &Contestant, plain: &Contestant) -> [Row; 3] {
    let row =
        |what, unit, ours: f64, plain| Row::new(what, unit, ours).beside("INCR+EXPIRE", plain);
    let name = ours.name;
    [
        row(format!("{name}: checks"), "1/s", ours.rate(), plain.rate()),
        row(format!("{name}: p50"), "us", ours.quantile(0.5), plain.quantile(0.5)),
        row(format!("{name}: p99"), "us", ours.quantile(0.99), plain.quantile(0.99)),
    ]
}

/// The plain one first.
async fn contestants(server: &RedisServer, keys: u64) -> Vec<Contestant> {
    let plain = redis::Client::open(server.url()).expect("it is a URL");
    let plain = plain.get_multiplexed_async_connection().await.expect("it is there");
    let mut contestants = vec![Contestant::new("INCR+EXPIRE", move |number| {
        let mut connection = plain.clone();
        async move {
            let window = "1763800000";
            let key = format!("plain:{}:{window}", number % keys);
            let mut pipeline = redis::pipe();
            pipeline.incr(&key, 1).cmd("EXPIRE").arg(&key).arg(60).arg("NX");
            let (count, _): (u64, u64) =
                pipeline.query_async(&mut connection).await.expect("it answers");
            assert!(count > 0);
        }
    })];
    // So much that nobody is refused: a refusal is remembered, and would not be asked for.
    let one = RateLimitLayer::new(Quota::per_second(1_000_000));
    let three = one.clone().and(Quota::per_minute(60_000_000)).and(Quota::per_hour(2_000_000_000));
    for (name, layer, leases) in [
        ("one policy", &one, false),
        ("three policies", &three, false),
        ("one policy, leased", &one, true),
        ("three policies, leased", &three, true),
    ] {
        let redis = Redis::open(&server.url())
            .expect("it is a URL")
            .prefixed(name.replace([' ', ','], "-"));
        let redis =
            redis.expect("it has no braces").timeout(Duration::from_secs(5)).expect("it is long");
        let layer = layer.clone().key(Header(CLIENT)).named(name);
        let mut layer = layer.shared(RedisStore::new(&redis));
        if leases {
            layer = layer.leases(Leases::new());
        }
        let service = layer.layer(Inner);
        let contestant = Contestant::new(name, move |number| {
            let service = service.clone();
            async move { pass(service, number % keys).await }
        });
        contestants.push(contestant);
    }
    for contestant in &mut contestants {
        // Connections and scripts are there then.
        contestant.warm_up().await;
    }
    contestants
}

async fn pass<S, B>(service: S, key: u64)
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>, Error = Infallible>,
{
    let mut request = Request::new(Empty::new());
    request.headers_mut().insert(CLIENT, HeaderValue::from(key));
    let Ok(response) = service.oneshot(request).await;
    assert_eq!(response.status(), StatusCode::OK, "nobody is refused");
}
