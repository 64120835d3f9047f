//! Limits that several processes share, over a store in memory: what a layer does with its answers, and without them.

#[path = "../support/recorded.rs"]
mod recorded;
#[path = "../support/shared_store.rs"]
#[allow(dead_code)]
mod store;
#[path = "../support/warnings.rs"]
mod warnings;

mod as_alone;
mod charges;
mod fallbacks;
mod refusals;
mod together;

use std::{convert::Infallible, future::Future, time::Duration};

use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt, service_fn, util::BoxCloneSyncService};
use tower_weir::{
    body::ResponseBody,
    key::{Header, KeyExtractor},
    rate_limit::FollowUp,
};

type Inner = Full<bytes::Bytes>;
type Answer = Response<ResponseBody<Inner, FollowUp>>;
type Limited = BoxCloneSyncService<Request<()>, Answer, Infallible>;

/// Answers with the status that `/status/…` names, to `/slow` after a second, and with 200.
async fn handler(request: Request<()>) -> Result<Response<Inner>, Infallible> {
    if request.uri().path() == "/slow" {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let named = request.uri().path().strip_prefix("/status/");
    let status = named.and_then(|status| status.parse().ok()).unwrap_or(StatusCode::OK);
    Ok(Response::builder().status(status).body(Full::from("fine")).unwrap())
}

type Handler = tower::util::ServiceFn<fn(Request<()>) -> Handling>;
type Handling =
    std::pin::Pin<Box<dyn Future<Output = Result<Response<Inner>, Infallible>> + Send + 'static>>;

fn service<L>(layer: &L) -> Limited
where
    L: Layer<Handler>,
    L::Service:
        Service<Request<()>, Response = Answer, Error = Infallible> + Clone + Send + Sync + 'static,
    <L::Service as Service<Request<()>>>::Future: Send + 'static,
{
    let handler: fn(Request<()>) -> Handling = |request| Box::pin(handler(request));
    BoxCloneSyncService::new(layer.layer(service_fn(handler)))
}

async fn send(service: &Limited, request: Request<()>) -> Answer {
    let answer = service.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
    // What is settled in the background has its turn.
    tokio::task::yield_now().await;
    answer
}

async fn get(service: &Limited, path: &str) -> u16 {
    send(service, from("somebody", path)).await.status().as_u16()
}

/// How many of `n` requests pass.
async fn passing(service: &Limited, n: usize) -> usize {
    let mut passed = 0;
    for _ in 0..n {
        passed += usize::from(get(service, "/").await == 200);
    }
    passed
}

fn from(user: &str, path: &str) -> Request<()> {
    Request::get(path).header("x-user", user).body(()).unwrap()
}

fn user() -> impl KeyExtractor {
    Header(http::HeaderName::from_static("x-user"))
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

fn run<T>(test: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().start_paused(true).build().unwrap().block_on(test)
}
