//! The response body passes everything on and lets go of its guard in time.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tower_weir::body::ResponseBody;

/// Frames in order; knows its end, or not, as bodies do.
struct Script {
    frames: VecDeque<Result<Frame<Bytes>, &'static str>>,
    knows_its_end: bool,
}

impl Script {
    fn new(frames: impl IntoIterator<Item = Result<Frame<Bytes>, &'static str>>) -> Self {
        Self { frames: frames.into_iter().collect(), knows_its_end: true }
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        Poll::Ready(self.frames.pop_front())
    }

    fn is_end_stream(&self) -> bool {
        self.knows_its_end && self.frames.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let frames = self.frames.iter().flatten();
        SizeHint::with_exact(frames.filter_map(|frame| Some(frame.data_ref()?.len() as u64)).sum())
    }
}

/// Tells when it is dropped.
struct Guard(Arc<AtomicBool>);

impl tower_weir::body::Guard for Guard {}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

fn guarded(body: Script) -> (ResponseBody<Script, Guard>, impl Fn() -> bool) {
    let released = Arc::new(AtomicBool::new(false));
    (ResponseBody::guarded(body, Guard(released.clone())), move || released.load(Relaxed))
}

fn next<B: Body + Unpin>(body: &mut B) -> Option<Result<Frame<B::Data>, B::Error>> {
    match Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(frame) => frame,
        Poll::Pending => panic!("the body is never pending here"),
    }
}

fn data(text: &'static str) -> Result<Frame<Bytes>, &'static str> {
    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
}

fn trailers() -> Result<Frame<Bytes>, &'static str> {
    Ok(Frame::trailers(HeaderMap::from_iter([(http::header::ETAG, "x".parse().unwrap())])))
}

#[test]
fn data_trailers_hint_and_errors_come_through() {
    let mut body =
        ResponseBody::<_>::inner(Script::new([data("ab"), data("c"), trailers(), Err("torn")]));
    assert_eq!(body.size_hint().exact(), Some(3));
    assert_eq!(next(&mut body).unwrap().unwrap().into_data().unwrap(), "ab");
    assert_eq!(body.size_hint().exact(), Some(1));
    assert_eq!(next(&mut body).unwrap().unwrap().into_data().unwrap(), "c");
    assert!(!body.is_end_stream());
    assert_eq!(next(&mut body).unwrap().unwrap().into_trailers().unwrap()["etag"], "x");
    assert_eq!(next(&mut body).unwrap().unwrap_err(), "torn");
    assert!(body.is_end_stream());
    assert!(next(&mut body).is_none());
}

#[test]
fn a_body_of_its_own_is_one_frame_or_none() {
    let mut body = ResponseBody::<Script>::full("abc");
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(3), false));
    assert_eq!(next(&mut body).unwrap().unwrap().into_data().unwrap(), "abc");
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));
    assert!(next(&mut body).is_none());
    assert!(ResponseBody::<Script>::default().is_end_stream());
}

#[test]
fn the_guard_ends_with_the_last_frame_even_if_nobody_polls_again() {
    let (mut body, released) = guarded(Script::new([data("a"), data("b")]));
    next(&mut body);
    assert!(!released());
    next(&mut body);
    assert!(released());

    let (mut body, released) = guarded(Script::new([data("a"), trailers()]));
    next(&mut body);
    assert!(!released(), "trailers are still to come");
    next(&mut body);
    assert!(released());
}

#[test]
fn the_guard_ends_with_the_stream_an_error_or_the_body() {
    let (mut body, released) = guarded(Script { knows_its_end: false, ..Script::new([data("a")]) });
    next(&mut body);
    assert!(!released());
    next(&mut body);
    assert!(released());

    let (mut body, released) = guarded(Script::new([Err("torn"), data("never sent")]));
    next(&mut body).unwrap().unwrap_err();
    assert!(released());

    let (mut body, released) = guarded(Script::new([data("a"), data("b")]));
    next(&mut body);
    drop(body);
    assert!(released());

    let (_body, released) = guarded(Script::new([]));
    assert!(released(), "an empty body is never polled");
}
