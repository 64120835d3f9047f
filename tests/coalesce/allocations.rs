//! What a request allocates that meets no other.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    pin::pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use http_body_util::Full;
use tower::{Layer, Service};
use tower_weir::coalesce::CoalesceLayer;

use super::allocator::allocations;

/// Answers at once.
#[derive(Clone)]
struct Trivial;

impl Service<Request<Full<Bytes>>> for Trivial {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        let mut response = Response::new(Full::from("all of it"));
        let text = HeaderValue::from_static("text/plain");
        response.headers_mut().insert(header::CONTENT_TYPE, text);
        ready(Ok(response))
    }
}

/// How much more a request allocates than without the layer.
fn added(method: &Method, fields: &[(&'static str, &'static str)]) -> usize {
    let request = || {
        let mut request = Request::new(Full::default());
        *request.method_mut() = method.clone();
        for (name, value) in fields {
            request.headers_mut().insert(*name, HeaderValue::from_static(value));
        }
        request
    };
    let layer = CoalesceLayer::new();
    let call = || of(layer.layer(Trivial), request());
    call();
    call() - of(Trivial, request())
}

fn of<S: Service<Request<Full<Bytes>>>>(mut service: S, request: Request<Full<Bytes>>) -> usize {
    allocations(|| {
        let call = pin!(service.call(request));
        assert!(call.poll(&mut Context::from_waker(Waker::noop())).is_ready());
    })
}

#[tokio::test]
async fn who_leads_alone_allocates_its_call_its_fields_its_flight_and_its_body() {
    let fields = [("host", "example.com"), ("accept", "*/*"), ("user-agent", "test")];
    assert_eq!(added(&Method::GET, &fields), 4);
    assert_eq!(added(&Method::HEAD, &fields), 4);
    // There is nothing to copy.
    assert_eq!(added(&Method::GET, &[]), 3);
}

#[tokio::test]
async fn who_passes_allocates_nothing() {
    assert_eq!(added(&Method::POST, &[("host", "example.com")]), 0);
    assert_eq!(added(&Method::GET, &[("host", "example.com"), ("authorization", "x")]), 0);
}
