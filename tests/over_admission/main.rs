//! Never more than the quota, whatever is done to a limit while it is at work. Time stands still unless a test moves it, so
//! what may pass is a number.

mod changes;
mod queue;
mod reservations;

use std::{
    convert::Infallible,
    future::{Ready, ready},
    pin::pin,
    task::{Context, Poll, Waker},
};

use http::{Request, Response};
use tower::{Layer, Service, ServiceExt, util::ServiceFn};
use tower_weir::rate_limit::{FollowUp, RateLimit, RateLimitLayer};

type Body = tower_weir::body::ResponseBody<String, FollowUp>;
type Handler = fn(Request<()>) -> Ready<Result<Response<String>, Infallible>>;
type Limited = RateLimit<ServiceFn<Handler>>;

/// Answers 500 to `/fails`, and 200 to all else.
#[expect(clippy::needless_pass_by_value, reason = "a service takes its requests")]
fn handler(request: Request<()>) -> Ready<Result<Response<String>, Infallible>> {
    let status = if request.uri().path() == "/fails" { 500 } else { 200 };
    ready(Ok(Response::builder().status(status).body("data".to_owned()).unwrap()))
}

fn service(layer: &RateLimitLayer) -> Limited {
    layer.layer(tower::service_fn(handler as Handler))
}

fn response(service: &Limited, path: &str) -> Response<Body> {
    let call = service.clone().oneshot(Request::get(path).body(()).unwrap());
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(response) => response.unwrap(),
        Poll::Pending => panic!("the handler answers at once"),
    }
}

fn status(service: &Limited, path: &str) -> u16 {
    response(service, path).status().as_u16()
}

/// How many of `n` requests pass, one after the other.
fn passing(service: &Limited, n: usize) -> usize {
    (0..n).filter(|_| status(service, "/") != 429).count()
}

/// What a layer that is not a plain one makes of the handler.
fn service_of<L: Layer<ServiceFn<Handler>>>(layer: &L) -> L::Service
where
    L::Service: Service<Request<()>>,
{
    layer.layer(tower::service_fn(handler as Handler))
}
