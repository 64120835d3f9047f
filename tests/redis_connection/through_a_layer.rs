use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use tower::{Layer, ServiceExt, service_fn};
use tower_weir::{
    rate_limit::{Fallback, Quota, RateLimitLayer},
    redis::{Redis, RedisStore, Status},
};

use crate::{server::RedisServer, until::until_it_is};

async fn status(redis: &Redis) -> StatusCode {
    let layer = RateLimitLayer::new(Quota::per_second(1_000_000))
        .shared(RedisStore::new(redis))
        .fallback(Fallback::FailClosed);
    let service = layer.layer(service_fn(async |_: Request<Empty<Bytes>>| {
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    }));
    service.oneshot(Request::new(Empty::new())).await.unwrap().status()
}

async fn until_it_says(wanted: StatusCode, redis: &Redis) {
    until_it_is(async || status(redis).await == wanted).await;
}

#[tokio::test]
async fn requests_are_limited_again_after_every_kind_of_outage() {
    let mut server = RedisServer::start();
    server.kill();
    let redis = Redis::open(&server.url()).unwrap().timeout(Duration::from_millis(200)).unwrap();
    assert_eq!(status(&redis).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(redis.status(), Status::Down);
    server.restart();
    until_it_says(StatusCode::OK, &redis).await;
    assert_eq!(redis.status(), Status::Up);
    server.restart();
    until_it_says(StatusCode::OK, &redis).await;
    assert_eq!(server.ask("SCRIPT FLUSH"), "+OK\r\n");
    assert_eq!(status(&redis).await, StatusCode::OK);
    server.freeze();
    until_it_says(StatusCode::SERVICE_UNAVAILABLE, &redis).await;
    server.thaw();
    until_it_says(StatusCode::OK, &redis).await;
}
