//! Limits that several processes share, over a real server.

#[path = "../support/random.rs"]
mod random;
#[path = "../support/recorded.rs"]
mod recorded;
#[path = "../support/redis.rs"]
#[allow(dead_code)]
mod server;
#[path = "../support/until.rs"]
mod until;
#[path = "../support/warnings.rs"]
mod warnings;

mod cluster;
mod exact;
mod faults;
mod rough;
mod script;
mod torn;

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use server::RedisServer;
use tower::{
    Layer, ServiceExt, service_fn,
    util::{BoxCloneSyncService, ServiceFn},
};
use tower_weir::{
    body::ResponseBody,
    rate_limit::{FollowUp, RateLimitLayer, SharedRateLimitLayer},
    redis::{Redis, RedisStore},
};

type Answer = Response<ResponseBody<Empty<Bytes>, FollowUp>>;
type Limited = BoxCloneSyncService<Request<Empty<Bytes>>, Answer, Infallible>;
type Handler = fn(Request<Empty<Bytes>>) -> Handling;
type Handling = std::future::Ready<Result<Response<Empty<Bytes>>, Infallible>>;

/// A server's handle of a process of its own, whose timeout no busy machine comes near.
fn patient(server: &RedisServer) -> Redis {
    Redis::open(&server.url()).unwrap().timeout(Duration::from_secs(30)).unwrap()
}

fn shared(redis: &Redis, layer: RateLimitLayer) -> SharedRateLimitLayer {
    layer.shared(RedisStore::new(redis))
}

fn service(layer: &SharedRateLimitLayer) -> Limited {
    let handler: Handler = |_| std::future::ready(Ok(Response::new(Empty::new())));
    let service: ServiceFn<Handler> = service_fn(handler);
    BoxCloneSyncService::new(layer.layer(service))
}

async fn send(service: &Limited, request: Request<Empty<Bytes>>) -> Answer {
    service.clone().oneshot(request).await.unwrap_or_else(|never| match never {})
}

async fn status(service: &Limited) -> u16 {
    send(service, Request::new(Empty::new())).await.status().as_u16()
}

/// How many of `n` requests pass, one after the other.
async fn passing(service: &Limited, n: usize) -> usize {
    let mut passed = 0;
    for _ in 0..n {
        passed += usize::from(status(service).await == 200);
    }
    passed
}

/// How often the server ran a script.
fn scripts_run(server: &RedisServer) -> u64 {
    let stats = server.ask("INFO commandstats");
    let calls = ["cmdstat_evalsha:calls=", "cmdstat_eval:calls="].map(|name| {
        let (_, rest) = stats.split_once(name)?;
        rest.split_once(',')?.0.parse::<u64>().ok()
    });
    calls.iter().flatten().sum()
}
