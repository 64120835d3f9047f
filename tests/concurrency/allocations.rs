//! Neither letting requests in nor turning them away allocates anything.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    pin::pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, header};
use http_body_util::Empty;
use tower::{Layer, Service};
use tower_weir::{
    concurrency::{
        ConcurrencyLimitLayer, Deadline, Fixed, HoldUntil, Limit, Limiter, Priorities, Sample,
    },
    key::Header,
    route::RouteTable,
};

use super::allocator::allocations;

/// Answers at once.
#[derive(Clone)]
struct Trivial;

impl Service<Request<()>> for Trivial {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(Empty::new())))
    }
}

/// As browsers and gRPC clients send them: with header fields.
fn request(content_type: &'static str) -> Request<()> {
    Request::builder()
        .uri("/route/7")
        .header(header::HOST, "example.com")
        .header(header::USER_AGENT, "test")
        .header(header::ACCEPT, "*/*")
        .header(header::CONTENT_TYPE, HeaderValue::from_static(content_type))
        .header("x-tenant", "a")
        .body(())
        .unwrap()
}

/// How much a request allocates from its arrival to the end of its answer.
fn of_a_request(layer: &ConcurrencyLimitLayer, content_type: &'static str) -> usize {
    let mut service = layer.layer(Trivial);
    let mut call = || {
        let request = request(content_type);
        allocations(|| {
            let call = pin!(service.call(request));
            assert!(call.poll(&mut Context::from_waker(Waker::noop())).is_ready());
        })
    };
    call();
    call();
    call()
}

#[derive(Clone)]
struct Learns;

impl Limit for Learns {
    fn limit(&self) -> usize {
        9
    }

    fn on_sample(&mut self, _: &Sample) -> usize {
        9
    }
}

fn tenant() -> Header {
    Header(HeaderName::from_static("x-tenant"))
}

#[test]
fn to_let_a_request_in_and_out_allocates_nothing() {
    let limiter = Limiter::new(Fixed::new(9));
    let routes =
        RouteTable::new().route("/route/{id}", limiter.clone()).route("/", limiter.clone());
    let layer = ConcurrencyLimitLayer::new(limiter.clone());
    for layer in [
        layer.clone(),
        layer.clone().reject_when_full(),
        layer.clone().hold_until(HoldUntil::Headers),
        layer.clone().shadow(true),
        layer.clone().exempt(|head| head.uri.path() == "/health"),
        layer.clone().exempt(|_| true),
        layer.priorities(Priorities::default()),
        ConcurrencyLimitLayer::new(Learns),
        ConcurrencyLimitLayer::new(limiter.key(tenant())),
        ConcurrencyLimitLayer::for_routes(routes),
    ] {
        assert_eq!(of_a_request(&layer, "text/html"), 0, "{layer:?}");
    }
}

#[test]
fn to_turn_one_away_allocates_nothing() {
    let limiter = Limiter::new(Fixed::new(1)).reject_when_full();
    let limiters = [
        limiter.clone(),
        limiter.clone().priorities(Priorities::default()),
        limiter.clone().key(tenant()),
    ];
    for limiter in limiters {
        limiter.pause();
        let layer = ConcurrencyLimitLayer::new(limiter);
        for content_type in ["text/html", "application/grpc"] {
            assert_eq!(of_a_request(&layer, content_type), 0, "{layer:?}");
        }
        drop(layer.handle().drain());
        assert_eq!(of_a_request(&layer, "text/html"), 0, "draining");
    }
    // One whose time is up, at a queue.
    let limiter = Limiter::new(Fixed::new(1));
    limiter.pause();
    let layer = ConcurrencyLimitLayer::new(limiter);
    let mut service = layer.layer(Trivial);
    let mut late = || {
        let mut request = request("text/html");
        request.extensions_mut().insert(Deadline(tower_weir::clock::Timestamp::from_nanos(0)));
        allocations(|| {
            let call = pin!(service.call(request));
            assert!(call.poll(&mut Context::from_waker(Waker::noop())).is_ready());
        })
    };
    late();
    assert_eq!((late(), late()), (0, 0));
}
