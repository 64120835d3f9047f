//! A call through a closed breaker allocates nothing.

use std::{
    future::{Ready, ready},
    pin::pin,
};

use http_body_util::Empty;
use tower_weir::{head::Head, route::RouteTable};

use super::{allocator::allocations, *};

/// Answers at once.
#[derive(Clone)]
struct Trivial(u16);

impl Service<Request<()>> for Trivial {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let mut response = Response::new(Empty::new());
        *response.status_mut() = http::StatusCode::from_u16(self.0).unwrap();
        ready(Ok(response))
    }
}

/// How many allocations twenty calls make that are answered so, after the first.
fn of_calls(layer: &CircuitBreakerLayer, status: u16) -> usize {
    let mut service = layer.layer(Trivial(status));
    let mut call = || {
        let request = Request::get("/orders").body(()).unwrap();
        allocations(|| {
            let call = pin!(service.call(request));
            assert!(call.poll(&mut Context::from_waker(Waker::noop())).is_ready());
        })
    };
    call();
    (0..20).map(|_| call()).sum()
}

#[test]
fn a_call_through_a_closed_breaker_allocates_nothing() {
    let by_count = breaker().failure_share(1.0).unwrap();
    let slow = Breaker::new().slow_calls(Duration::from_secs(1), 0.8).unwrap();
    let routes = RouteTable::new().route("/{*rest}", Breaker::new());
    for layer in [
        CircuitBreakerLayer::default(),
        CircuitBreakerLayer::new(slow),
        CircuitBreakerLayer::for_routes(routes),
        CircuitBreakerLayer::default().key(|head: &Head<'_>| head.uri.path().len()),
        CircuitBreakerLayer::new(by_count),
    ] {
        assert_eq!(of_calls(&layer, 200), 0);
        assert_eq!(of_calls(&layer, 404), 0);
    }
    let patient = Breaker::new().window(Window::by_count(100, 100).unwrap());
    assert_eq!(of_calls(&CircuitBreakerLayer::new(patient), 500), 0, "a failure neither");
}
