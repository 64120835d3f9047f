//! The races of a circuit: its atomics, which most calls do with, and its lock. Time stands still.
#![cfg(weir_loom)]

use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use loom::{model::Builder, thread};
use tower_layer::Layer;
use tower_service::Service;
use tower_weir::{
    circuit_breaker::{Breaker, BreakerHandle, CircuitBreaker, CircuitBreakerLayer, State, Window},
    clock::{Clock, ManualClock},
    reject::Rejected,
};

/// Every schedule with at most so many preemptions: beyond two or three, bugs of this kind are not known to hide.
fn explore(preemptions: usize, test: impl Fn() + Sync + Send + 'static) {
    let mut model = Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(test);
}

/// Answers with the status that is the request's path.
#[derive(Clone)]
struct Inner;

impl Service<Request<()>> for Inner {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let response = Response::builder().status(&request.uri().path()[1..]);
        ready(Ok(response.body(Empty::new()).unwrap()))
    }
}

type Call = <CircuitBreaker<Inner> as Service<Request<()>>>::Future;

/// A call that is decided on, and will be answered with this status.
fn begin(layer: &CircuitBreakerLayer, status: u16) -> Call {
    let uri = format!("/{status}");
    layer.layer(Inner).call(Request::builder().uri(uri).body(()).unwrap())
}

/// How long a call that was rejected is to stay away.
fn end(mut call: Call) -> Option<String> {
    let answer = Pin::new(&mut call).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Ok(response)) = answer else { panic!("it is answered at once") };
    let is_rejection = Rejected::is_on(&response);
    is_rejection.then(|| response.headers()["retry-after"].to_str().unwrap().to_owned())
}

/// Goes by the last ten calls, of which there must be so many.
fn layer(minimum: u32) -> (CircuitBreakerLayer, ManualClock, BreakerHandle) {
    with_window(Window::by_count(10, minimum).unwrap())
}

fn with_window(window: Window) -> (CircuitBreakerLayer, ManualClock, BreakerHandle) {
    let (clock, hand) = Clock::manual();
    let breaker = Breaker::new().window(window).seed(1);
    let breaker = breaker.jitter(0.0).unwrap().concurrent_probes(1).unwrap();
    let layer = CircuitBreakerLayer::new(breaker).clock(clock);
    let handle = layer.handle().breaker("default").unwrap();
    // Its window knows the time from here on, as after any first call.
    end(begin(&layer, 200));
    (layer, hand, handle)
}

#[test]
fn every_call_is_counted_once() {
    explore(3, || {
        let (layer, _, handle) = layer(10);
        let other = layer.clone();
        let thread = thread::spawn(move || {
            end(begin(&other, 200));
            end(begin(&other, 500));
        });
        end(begin(&layer, 200));
        thread.join().unwrap();
        let counts = handle.counts();
        assert_eq!((counts.calls, counts.failures), (4, 1));
    });
}

#[test]
fn a_success_of_before_never_counts_for_what_comes_after() {
    explore(3, || {
        let (layer, _, handle) = layer(10);
        let call = begin(&layer, 200);
        let thread = thread::spawn(move || end(call));
        handle.reset();
        thread.join().unwrap();
        assert_eq!(handle.counts().calls, 0);
    });
}

#[test]
fn whoever_comes_while_it_opens_passes_or_is_told_the_right_time() {
    explore(3, || {
        let (layer, _, handle) = layer(2);
        let (failing, passing) = (begin(&layer, 500), layer.clone());
        let thread = thread::spawn(move || end(begin(&passing, 200)));
        end(failing);
        if let Some(wait) = thread.join().unwrap() {
            assert_eq!(wait, "5");
        }
        // With one more success it was a third of the calls that failed.
        let counts = handle.counts();
        let stayed = (handle.state(), counts.calls) == (State::Closed, 3);
        assert!(stayed || (handle.state(), counts.calls) == (State::Open, 0), "{counts:?}");
    });
}

#[test]
fn whoever_comes_while_it_opens_again_is_told_the_right_time() {
    explore(2, || {
        let (layer, hand, _) = layer(2);
        end(begin(&layer, 500));
        hand.advance(Duration::from_secs(5));
        end(begin(&layer, 500));
        let (probe, other) = (begin(&layer, 500), layer.clone());
        let thread = thread::spawn(move || end(begin(&other, 200)));
        end(probe);
        let wait = thread.join().unwrap().expect("there is room for one probe");
        assert!(wait == "1" || wait == "10", "{wait}");
    });
}

#[test]
fn whoever_comes_while_it_is_reset_passes_or_is_told_the_right_time() {
    explore(3, || {
        // Its window moves on in 10 s, which nobody is to take for the time that it is open.
        let (layer, _, handle) = with_window(Window::by_time(Duration::from_secs(100), 2).unwrap());
        end(begin(&layer, 500));
        assert_eq!(handle.state(), State::Open);
        let other = layer.clone();
        let thread = thread::spawn(move || end(begin(&other, 200)));
        handle.reset();
        if let Some(wait) = thread.join().unwrap() {
            assert_eq!(wait, "5");
        }
    });
}

#[test]
fn one_of_two_is_the_probe() {
    explore(3, || {
        let (layer, hand, handle) = layer(2);
        end(begin(&layer, 500));
        hand.advance(Duration::from_secs(5));
        let other = layer.clone();
        let thread = thread::spawn(move || begin(&other, 200));
        let calls = [begin(&layer, 200), thread.join().unwrap()];
        assert_eq!(handle.state(), State::HalfOpen);
        let passed = calls.into_iter().filter_map(|call| end(call).is_none().then_some(()));
        assert_eq!(passed.count(), 1);
    });
}
