//! The fast path allocates nothing.

use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    net::SocketAddr,
    pin::pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header::CONTENT_TYPE};
use http_body_util::Empty;
use tower::{Layer, Service};
use tower_weir::{
    key::PeerIp,
    rate_limit::{Headers, Quota, RateLimitLayer},
    route::RouteTable,
};

use super::allocator::allocations;

/// Answers at once, with a header, as handlers do.
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
        let mut response = Response::new(Empty::new());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        ready(Ok(response))
    }
}

/// How many allocations a warm allowed request makes, beyond those of the inner service.
fn of_an_allowed_request(layer: &RateLimitLayer) -> usize {
    let mut service = layer.layer(Trivial);
    let mut allocated = |warm: bool| {
        let addr: SocketAddr = "192.0.2.1:1".parse().unwrap();
        let request = Request::builder().extension(addr).body(()).unwrap();
        allocations(|| {
            if warm {
                let _ = Trivial.call(request).into_inner();
            } else {
                let call = pin!(service.call(request));
                assert!(call.poll(&mut Context::from_waker(Waker::noop())).is_ready());
            }
        })
    };
    allocated(false);
    allocated(false) - allocated(true)
}

#[test]
fn an_allowed_request_allocates_nothing_and_its_headers_at_most_twice() {
    let layer = RateLimitLayer::new(Quota::per_second(1_000)).key(PeerIp);
    assert_eq!(of_an_allowed_request(&layer.clone().headers(Headers::None)), 0);
    assert!(of_an_allowed_request(&layer) <= 2);
    let routes = RouteTable::new()
        .route("/{*rest}", Quota::per_second(1_000))
        .route("/", Quota::per_second(1_000));
    let by_route = RateLimitLayer::for_routes(routes).key(PeerIp).headers(Headers::None);
    assert_eq!(of_an_allowed_request(&by_route), 0);
    let four = layer
        .and(Quota::per_minute(10_000))
        .and(Quota::per_hour(100_000))
        .and(Quota::per_day(1_000_000));
    assert_eq!(of_an_allowed_request(&four.clone().headers(Headers::None)), 0);
    assert!(of_an_allowed_request(&four) <= 2);
}
