//! Whenever a client leaves, everything that was held for it goes.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Waker,
};

use tower::Service;

use crate::probe::*;

/// Nothing lives on, and the layer lets others through as if nothing had been.
fn nothing_is_left<S>(service: &mut S, script: &Arc<Script>)
where
    S: Service<http::Request<ProbeBody>, Error = ProbeError>,
{
    assert_eq!(script.live(), 0, "calls, futures or bodies are still held");
    script.set(Outcome::Fine);
    for _ in 0..20 {
        assert!(answer(service, request()).is_ok());
    }
    assert_eq!(script.live(), 0);
}

pub(crate) fn dropped_before_the_first_poll<L: Subject>(make: impl Fn() -> L) {
    let (mut service, script) = ready(&make());
    for _ in 0..20 {
        drop(service.call(request()));
        assert!(poll_ready(&mut service, Waker::noop()).is_ready());
    }
    nothing_is_left(&mut service, &script);
}

pub(crate) fn dropped_while_pending<L: Subject>(make: impl Fn() -> L) {
    let (mut service, script) = ready(&make());
    for polls in 1..20 {
        script.set(Outcome::Pending);
        let mut call = Box::pin(service.call(request()));
        for _ in 0..polls {
            assert!(poll(call.as_mut(), Waker::noop()).is_pending());
        }
        drop(call);
        assert!(poll_ready(&mut service, Waker::noop()).is_ready());
    }
    nothing_is_left(&mut service, &script);
}

pub(crate) fn dropped_with_the_response<L: Subject>(make: impl Fn() -> L) {
    let (mut service, script) = ready(&make());
    for _ in 0..20 {
        drop(answer(&mut service, request()).unwrap());
    }
    nothing_is_left(&mut service, &script);
}

pub(crate) fn dropped_in_the_body<L: Subject>(make: impl Fn() -> L) {
    let (mut service, script) = ready(&make());
    script.set(Outcome::Frames(vec![Piece::Data("a"); 5]));
    for frames in 0..5 {
        let mut body = Box::pin(answer(&mut service, request()).unwrap().into_body());
        for _ in 0..frames {
            next_frame(body.as_mut()).unwrap().unwrap();
        }
    }
    nothing_is_left(&mut service, &script);
}

pub(crate) fn dropped_after_the_last_frame<L: Subject>(make: impl Fn() -> L) {
    let (mut service, script) = ready(&make());
    for _ in 0..5 {
        let mut body = pin!(answer(&mut service, request()).unwrap().into_body());
        while next_frame(body.as_mut()).is_some() {}
        assert!(next_frame(body).is_none(), "the end stays the end");
    }
    nothing_is_left(&mut service, &script);
}

pub(crate) fn a_panic_in_call_releases_everything<L: Subject>(make: impl Fn() -> L) {
    let (mut service, script) = ready(&make());
    script.set(Outcome::PanicInCall);
    for _ in 0..20 {
        let panicked = catch_unwind(AssertUnwindSafe(|| answer(&mut service, request()).is_ok()));
        assert!(panicked.is_err());
    }
    nothing_is_left(&mut service, &script);
}

pub(crate) fn a_panic_in_the_future_releases_everything<L: Subject>(make: impl Fn() -> L) {
    let (mut service, script) = ready(&make());
    script.set(Outcome::PanicInFuture);
    for _ in 0..20 {
        let panicked = catch_unwind(AssertUnwindSafe(|| answer(&mut service, request()).is_ok()));
        assert!(panicked.is_err());
    }
    nothing_is_left(&mut service, &script);
}
