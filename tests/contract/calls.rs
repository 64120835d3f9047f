//! Readiness, requests, responses, errors and wakers go through.

use std::{
    pin::pin,
    sync::Arc,
    task::{Poll, Waker},
};

use http::{Method, Version};
use tower::{Service, ServiceExt};

use crate::probe::*;

pub(crate) fn readiness_is_forwarded<L: Subject>(make: impl Fn() -> L) {
    let (probe, script) = Probe::new();
    let mut service = make().layer(probe);
    *script.readiness.lock().unwrap() = Readiness::Pending;
    let bell = Arc::new(Bell::default());
    assert!(poll_ready(&mut service, &bell.clone().into()).is_pending());
    *script.readiness.lock().unwrap() = Readiness::Ready;
    script.wake();
    assert_eq!(bell.rung(), 1);
    assert!(poll_ready(&mut service, Waker::noop()).is_ready());
}

pub(crate) fn an_error_of_readiness_passes_through<L: Subject>(make: impl Fn() -> L) {
    let (probe, script) = Probe::new();
    let mut service = make().layer(probe);
    *script.readiness.lock().unwrap() = Readiness::Broken;
    assert_eq!(poll_ready(&mut service, Waker::noop()), Poll::Ready(Err(ProbeError("not ready"))));
}

pub(crate) fn the_readied_service_is_the_one_called<L: Subject>(make: impl Fn() -> L) {
    // The probe panics if it is called without having been readied, and its clones are not ready.
    let (mut service, script) = ready(&make());
    for calls in 1..4 {
        answer(&mut service, request()).unwrap();
        answer(&mut service.clone(), request()).unwrap();
        assert_eq!(script.seen.lock().unwrap().len(), 2 * calls);
    }
}

pub(crate) fn an_inner_error_passes_through_unchanged<L: Subject>(make: impl Fn() -> L) {
    let (mut service, script) = ready(&make());
    script.set(Outcome::Fail);
    assert_eq!(answer(&mut service, request()).err(), Some(ProbeError("inner")));
    script.set(Outcome::Fine);
    assert!(answer(&mut service, request()).is_ok(), "an error spoils nothing");
}

pub(crate) fn the_request_arrives_whole<L: Subject>(make: impl Fn() -> L) {
    let (mut service, script) = ready(&make());
    answer(&mut service, request()).unwrap();
    let seen = script.seen.lock().unwrap().pop().unwrap();
    assert_eq!((seen.method, seen.version), (Method::PATCH, Version::HTTP_2));
    assert_eq!(seen.uri, "http://example.com/path?query");
    assert_eq!(seen.headers["x-outer"], "kept");
    assert_eq!(seen.extensions.get(), Some(&7u8));
}

pub(crate) fn the_response_arrives_whole<L: Subject>(make: impl Fn() -> L) {
    let (mut service, _) = ready(&make());
    let response = answer(&mut service, request()).unwrap();
    assert_eq!((response.status().as_u16(), response.version()), (203, Version::HTTP_10));
    assert_eq!(response.headers()["x-inner"], "kept");
    assert_eq!(response.extensions().get(), Some(&"an extension"));
}

pub(crate) fn wakers_are_not_lost<L: Subject>(make: impl Fn() -> L) {
    let (mut service, script) = ready(&make());
    script.set(Outcome::Pending);
    let mut call = pin!(service.call(request()));
    let (first, second) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
    assert!(poll(call.as_mut(), &first.clone().into()).is_pending());
    // The future moves to another task: the last waker is the one that counts.
    assert!(poll(call.as_mut(), &second.clone().into()).is_pending());
    script.set(Outcome::Fine);
    script.wake();
    assert_eq!((first.rung(), second.rung()), (0, 1));
    assert!(poll(call.as_mut(), Waker::noop()).is_ready());
}

pub(crate) fn works_through_oneshot_and_buffering<L: Subject>(make: impl Fn() -> L) {
    // As hyper and axum drive it: a clone for each request, readied and called by `Oneshot`, on any thread.
    let (probe, script) = Probe::new();
    let service = make().layer(probe);
    let threads = (0..4).map(|_| {
        let service = service.clone();
        std::thread::spawn(move || {
            futures_executor::block_on(service.oneshot(request())).unwrap().status()
        })
    });
    let statuses: Vec<_> =
        threads.collect::<Vec<_>>().into_iter().map(|t| t.join().unwrap()).collect();
    assert!(statuses.iter().all(|status| status.as_u16() == 203));
    assert_eq!(script.seen.lock().unwrap().len(), 4);
}
