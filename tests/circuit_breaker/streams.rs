//! gRPC answers, whose end tells.

use std::collections::VecDeque;

use http::HeaderMap;
use http_body::{Body, Frame};

use super::*;

/// A body of these frames.
#[derive(Default)]
struct Frames(VecDeque<Result<Frame<Bytes>, &'static str>>);

impl Body for Frames {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        match self.0.pop_front() {
            Some(Err("panic")) => panic!("as the test says"),
            frame => Poll::Ready(frame),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }
}

fn data() -> Result<Frame<Bytes>, &'static str> {
    Ok(Frame::data(Bytes::from_static(b"hello")))
}

fn trailers(code: &'static str) -> Result<Frame<Bytes>, &'static str> {
    let fields = [("grpc-status".parse().unwrap(), code.parse().unwrap())];
    Ok(Frame::trailers(HeaderMap::from_iter(fields)))
}

type Stream = Pin<Box<ResponseBody<Frames, Call>>>;

/// The body of a gRPC answer with these frames; `None` if the call is rejected.
fn stream(broken: &Broken, frames: Vec<Result<Frame<Bytes>, &'static str>>) -> Option<Stream> {
    let mut frames = Some(Frames(frames.into()));
    let inner = service_fn(move |_: Request<()>| {
        let response = Response::builder().header("content-type", "application/grpc");
        let response = response.body(frames.take().unwrap_or_default()).unwrap();
        async { Ok::<_, Infallible>(response) }
    });
    let response = send_to(&broken.layer, inner).unwrap_or_else(|never| match never {});
    (!Rejected::is_on(&response)).then(|| Box::pin(response.into_body()))
}

fn next(stream: &mut Stream) -> Option<Result<Frame<Bytes>, &'static str>> {
    match stream.as_mut().poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(frame) => frame,
        Poll::Pending => panic!("frames are there or not"),
    }
}

/// How many streams of these frames, read to their end, get through.
fn read(
    broken: &Broken,
    n: usize,
    frames: fn() -> Vec<Result<Frame<Bytes>, &'static str>>,
) -> usize {
    let mut read = 0;
    for mut stream in (0..n).filter_map(|_| stream(broken, frames())) {
        read += 1;
        while let Some(Ok(_)) = next(&mut stream) {}
    }
    read
}

#[test]
fn the_code_in_the_trailers_tells() {
    let broken = Broken::plain();
    assert_eq!(read(&broken, 50, || vec![data(), trailers("0")]), 50);
    assert_eq!(broken.handle().counts().calls, 10);
    assert_eq!(read(&broken, 50, || vec![data(), trailers("5")]), 50, "NOT_FOUND is no failure");
    assert_eq!(read(&broken, 50, || vec![data(), trailers("1")]), 50, "CANCELLED is nothing");
    assert_eq!(read(&broken, 50, || vec![data(), trailers("14")]), 5);
    broken.pass(5);
    assert_eq!(read(&broken, 3, || vec![trailers("0")]), 3);
    assert_eq!(broken.state(), State::HalfOpen);
    assert_eq!(read(&broken, 1, || vec![trailers("0")]), 1);
    assert_eq!(broken.state(), State::Closed);
}

#[test]
fn a_stream_without_trailers_or_with_an_error_has_failed() {
    let broken = Broken::plain();
    assert_eq!(read(&broken, 50, || vec![data()]), 4);
    let broken = Broken::plain();
    assert_eq!(read(&broken, 50, Vec::new), 4);
    let broken = Broken::plain();
    assert_eq!(read(&broken, 50, || vec![data(), Err("torn")]), 4);
}

#[test]
fn a_stream_that_panics_has_failed() {
    let broken = Broken::plain();
    for _ in 0..4 {
        let mut stream = stream(&broken, vec![Err("panic")]).unwrap();
        let read = || drop(next(&mut stream));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).is_err());
    }
    assert_eq!(broken.state(), State::Open);
}

#[test]
fn a_stream_that_is_given_up_says_nothing() {
    let broken = Broken::plain();
    for _ in 0..50 {
        let mut stream = stream(&broken, vec![data(), trailers("14")]).unwrap();
        next(&mut stream);
    }
    assert_eq!(broken.handle().counts().calls, 0);
    broken.half_open();
    for _ in 0..50 {
        assert!(stream(&broken, vec![data(), trailers("0")]).is_some(), "its place was free");
    }
}

#[test]
fn a_stream_tells_at_its_end_and_for_its_own_time() {
    let broken = Broken::plain();
    let mut streams: Vec<_> =
        (0..8).map(|_| stream(&broken, vec![data(), trailers("14")]).unwrap()).collect();
    streams.iter_mut().for_each(|stream| drop(next(stream)));
    assert_eq!(broken.state(), State::Closed);
    streams[..4].iter_mut().for_each(|stream| drop(next(stream)));
    assert_eq!(broken.state(), State::Open);
    broken.pass(5);
    broken.calls(4, 200);
    streams[4..].iter_mut().for_each(|stream| drop(next(stream)));
    assert_eq!((broken.state(), broken.handle().counts().calls), (State::Closed, 0));
}

#[test]
fn a_stream_that_lasts_is_no_probe_without_an_answer() {
    let broken = Broken::plain();
    broken.half_open();
    let streams: Vec<_> =
        (0..3).map(|_| stream(&broken, vec![data(), trailers("0")]).unwrap()).collect();
    assert!(stream(&broken, Vec::new()).is_none(), "they hold their places");
    broken.pass(10);
    assert_eq!(broken.calls(1, 200), 1);
    assert_eq!(broken.state(), State::Closed);
    drop(streams);
}

#[test]
fn an_error_that_asks_to_wait_is_heard_in_trailers_too() {
    let broken = Broken::plain();
    for _ in 0..4 {
        let mut fields = HeaderMap::new();
        fields.insert("grpc-status", "14".parse().unwrap());
        fields.insert("grpc-retry-pushback-ms", "30000".parse().unwrap());
        let mut stream = stream(&broken, vec![Ok(Frame::trailers(fields))]).unwrap();
        next(&mut stream);
    }
    assert_eq!(broken.handle().circuit().open_for(), Some(Duration::from_secs(30)));
}
