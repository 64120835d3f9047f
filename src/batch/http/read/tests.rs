use std::{collections::VecDeque, convert::Infallible, pin::pin, task::Waker};

use futures_executor::block_on;
use http_body::{Frame, SizeHint};
use http_body_util::{Empty, Full, Limited};
use proptest::prelude::*;
use tokio::time::advance;

use super::*;
use crate::clock::Clock;

/// A body of these frames, which tells no size. `None` is a time at which nothing has come yet.
struct Frames(VecDeque<Option<Result<Frame<Bytes>, &'static str>>>);

impl Body for Frames {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        match self.0.pop_front() {
            Some(None) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Some(frame) => Poll::Ready(frame),
            None => Poll::Ready(None),
        }
    }
}

/// A body that says to have this size, and must not be polled.
struct Told(u64);

impl Body for Told {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        panic!("it is known to be too large")
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0)
    }
}

/// A body that never comes, and keeps no waker.
struct Never;

impl Body for Never {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

const LONG: Duration = Duration::from_secs(5);

fn data(data: impl Into<Bytes>) -> Option<Result<Frame<Bytes>, &'static str>> {
    Some(Ok(Frame::data(data.into())))
}

fn read<B>(body: B, most: usize) -> Result<(Bytes, Option<HeaderMap>), Unread>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    block_on(Read::new(body, most, LONG)).map(|whole| (whole.content, whole.trailers))
}

#[test]
fn a_body_in_one_piece_is_not_copied() {
    let content = Bytes::from(vec![7; 100]);
    let (read, _) = read(Full::new(content.clone()), 100).unwrap();
    assert_eq!((read.as_ptr(), read.len()), (content.as_ptr(), 100));
}

#[test]
fn no_body_is_an_empty_one() {
    assert_eq!(read(Empty::<Bytes>::new(), 0), Ok((Bytes::new(), None)));
}

#[test]
fn a_body_that_says_to_be_too_large_is_not_read() {
    assert_eq!(read(Told(11), 10), Err(Unread::TooLarge));
    assert_eq!(read(Told(u64::MAX), usize::MAX - 1), Err(Unread::TooLarge));
}

#[test]
fn trailers_are_kept_apart() {
    let trailers = HeaderMap::from_iter([("digest".parse().unwrap(), "x".parse().unwrap())]);
    let frames = [data("a"), Some(Ok(Frame::trailers(trailers.clone())))];
    assert_eq!(read(Frames(frames.into()), 1), Ok(("a".into(), Some(trailers))));
}

#[test]
fn a_body_that_breaks_off_is_none() {
    let frames = [data("a"), Some(Err("torn"))];
    assert_eq!(read(Frames(frames.into()), 10), Err(Unread::Broken));
}

#[test]
fn a_limit_further_out_is_told_from_a_body_that_breaks_off() {
    let frames = [data("many"), data("more")];
    assert_eq!(read(Limited::new(Frames(frames.into()), 6), 10), Err(Unread::TooLarge));
    let frames = [data("many"), Some(Err("torn"))];
    assert_eq!(read(Limited::new(Frames(frames.into()), 6), 10), Err(Unread::Broken));
}

#[test]
fn outside_of_a_runtime_nothing_is_timed() {
    let mut body = pin!(Read::new(Never, 10, Duration::ZERO));
    assert!(body.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_waited_for_as_long_as_it_may_take() {
    let clock = Clock::runtime();
    let began = clock.now();
    assert_eq!(Read::new(Never, 10, LONG).await.unwrap_err(), Unread::Slow);
    assert_eq!(clock.now().saturating_since(began), LONG);
}

#[tokio::test(start_paused = true)]
async fn what_comes_at_once_is_never_too_slow() {
    let frames = [data("a"), data("b")];
    let whole = Read::new(Frames(frames.into()), 2, Duration::ZERO).await.unwrap();
    assert_eq!(whole.content, "ab");
}

#[tokio::test(start_paused = true)]
async fn pieces_that_come_again_and_again_gain_no_time() {
    let frames = (0..100).flat_map(|_| [None, data("a")]);
    let mut body = pin!(Read::new(Frames(frames.collect()), 1_000, LONG));
    for _ in 0..5 {
        assert!(body.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        advance(Duration::from_secs(1)).await;
    }
    let late = body.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(late, Poll::Ready(Err(Unread::Slow))), "{late:?}");
}

proptest! {
    #[test]
    fn however_it_comes_it_is_the_same(
        pieces in prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..20)), 0..20),
        most in 0_usize..200,
    ) {
        let content: Vec<u8> = pieces.iter().flatten().flatten().copied().collect();
        let frames = pieces.into_iter().map(|piece| piece.and_then(data)).collect();
        let read = read(Frames(frames), most);
        if content.len() <= most {
            prop_assert_eq!(read, Ok((Bytes::from(content), None)));
        } else {
            prop_assert_eq!(read, Err(Unread::TooLarge));
        }
    }
}
