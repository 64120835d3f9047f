//! State belongs to the layer. The layers here let two requests through and then reject.

use std::task::Waker;

use http::{Request, StatusCode};
use tower::Service;

use crate::probe::*;

/// Whether a request passes; a passing one is held, with its body, until the test ends.
fn passes<S, B>(service: &mut S, held: &mut Vec<http::Response<B>>) -> bool
where
    S: Service<Request<ProbeBody>, Response = http::Response<B>, Error = ProbeError>,
{
    let response = answer(service, request()).unwrap();
    let passed = response.status().as_u16() == 203;
    held.push(response);
    passed
}

pub(crate) fn services_of_one_layer_share_it<L: Subject>(make: impl Fn() -> L) {
    let layer = make();
    let mut held = Vec::new();
    // As axum does: one service for each route, and without state one for each request.
    let passed: Vec<_> = (0..4).map(|_| passes(&mut ready(&layer).0, &mut held)).collect();
    assert_eq!(passed, [true, true, false, false]);
    assert!(passes(&mut ready(&make()).0, &mut held), "a layer of its own has state of its own");
}

pub(crate) fn clones_of_a_layer_share_it<L: Subject>(make: impl Fn() -> L) {
    let layer = make();
    let mut held = Vec::new();
    let passed: Vec<_> = (0..4).map(|_| passes(&mut ready(&layer.clone()).0, &mut held)).collect();
    assert_eq!(passed, [true, true, false, false]);
}

pub(crate) fn clones_of_a_service_share_it<L: Subject>(make: impl Fn() -> L) {
    let (service, _) = ready(&make());
    let mut held = Vec::new();
    let passed: Vec<_> = (0..4).map(|_| passes(&mut service.clone(), &mut held)).collect();
    assert_eq!(passed, [true, true, false, false]);
}

pub(crate) fn a_rejection_is_a_response<L: Subject>(make: impl Fn() -> L) {
    let (mut service, script) = ready(&make());
    let mut held = Vec::new();
    while passes(&mut service, &mut held) {}
    let rejected = held.pop().unwrap();
    assert!(rejected.status().is_client_error() || rejected.status().is_server_error());
    assert!(rejected.headers().contains_key("retry-after"));
    assert_eq!(rejected.headers()["content-type"], "application/problem+json");
    assert_eq!(script.seen.lock().unwrap().len(), 2, "the inner service did not see it");
}

pub(crate) fn a_rejection_speaks_grpc<L: Subject>(make: impl Fn() -> L) {
    let (mut service, _) = ready(&make());
    let mut held = Vec::new();
    while passes(&mut service, &mut held) {}
    let mut call = request();
    call.headers_mut().insert("content-type", "application/grpc+proto".parse().unwrap());
    let rejected = answer(&mut service, call).unwrap();
    assert_eq!(rejected.status(), StatusCode::OK);
    assert_ne!(rejected.headers()["grpc-status"], "0");
    assert!(http_body::Body::is_end_stream(rejected.body()), "trailers only");
}

pub(crate) fn a_readied_service_that_is_never_called_blocks_nobody<L: Subject>(
    make: impl Fn() -> L,
) {
    let layer = make();
    let mut idle: Vec<_> = (0..10).map(|_| ready(&layer).0).collect();
    for service in &mut idle {
        assert!(poll_ready(service, Waker::noop()).is_ready());
    }
    let mut held = Vec::new();
    let passed: Vec<_> = (0..3).map(|_| passes(&mut ready(&layer).0, &mut held)).collect();
    assert_eq!(passed, [true, true, false]);
}
