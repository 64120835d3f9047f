use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_executor::block_on;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use proptest::prelude::*;

use super::{ReplayedBody, Unread};

/// A body of these frames, some of which must be waited for.
#[derive(Clone, Debug)]
struct Script {
    frames: VecDeque<Piece>,
    /// Whether it tells that it has ended before it is asked for a frame that is not there.
    tells: bool,
}

#[derive(Clone, Debug)]
enum Piece {
    Data(String),
    Wait,
    Trailers,
    Error,
}

impl Body for Script {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        Poll::Ready(match self.frames.pop_front() {
            None => None,
            Some(Piece::Data(data)) => Some(Ok(Frame::data(data.into()))),
            Some(Piece::Trailers) => Some(Ok(Frame::trailers(trailers()))),
            Some(Piece::Error) => {
                self.frames.clear();
                Some(Err("it broke"))
            }
            Some(Piece::Wait) => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.tells && self.frames.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let exact = self.frames.iter().map(|piece| match piece {
            Piece::Data(data) => data.len() as u64,
            _ => 0,
        });
        SizeHint::with_exact(exact.sum())
    }
}

fn trailers() -> HeaderMap {
    let name = HeaderName::from_static("x-sum");
    HeaderMap::from_iter([(name, HeaderValue::from_static("7"))])
}

/// All of a body, and how it ends.
fn drain<B: Body<Data = Bytes> + Unpin>(
    mut body: B,
) -> (String, Option<Result<HeaderMap, B::Error>>) {
    let mut all = String::new();
    while let Some(frame) = block_on(poll_fn(|cx| Pin::new(&mut body).poll_frame(cx))) {
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) => all += std::str::from_utf8(&data).unwrap(),
            Ok(Err(frame)) => return (all, frame.into_trailers().ok().map(Ok)),
            Err(error) => return (all, Some(Err(error))),
        }
    }
    (all, None)
}

fn script() -> impl Strategy<Value = Script> {
    let data = "[a-c]{0,4}".prop_map(Piece::Data);
    let piece = prop_oneof![4 => data, 1 => Just(Piece::Wait)];
    let last = prop_oneof![
        2 => Just(None),
        1 => Just(Some(Piece::Trailers)),
        1 => Just(Some(Piece::Error)),
    ];
    (prop::collection::vec(piece, 0..12), last, any::<bool>()).prop_map(
        |(mut frames, last, tells)| {
            frames.extend(last);
            Script { frames: frames.into(), tells }
        },
    )
}

proptest! {
    #[test]
    fn a_body_is_the_same_however_far_it_was_read(script in script(), most in 0_usize..20) {
        let expected = drain(script.clone());
        let mut replayed = ReplayedBody::new(script.clone());
        let read = block_on(replayed.read(most));
        let had = replayed.content().len();
        match read {
            Ok(()) => prop_assert!(had <= most && expected == (expected.0.clone(), None)),
            Err(Unread::TooLarge) => prop_assert!(had > most),
            Err(Unread::Trailers) => prop_assert!(matches!(expected.1, Some(Ok(_)))),
            Err(Unread::Failed) => prop_assert!(matches!(expected.1, Some(Err(_)))),
        }
        if read.is_ok() {
            prop_assert_eq!(replayed.content(), expected.0.as_bytes());
        }
        if read != Err(Unread::Failed) {
            prop_assert_eq!(replayed.size_hint().exact(), Some(expected.0.len() as u64));
        }
        let ended = replayed.is_end_stream();
        prop_assert!(!ended || expected.0.is_empty() && expected.1.is_none());
        prop_assert_eq!(drain(replayed), expected);
    }
}

#[test]
fn what_was_read_is_there_though_the_reading_was_dropped() {
    let frames = [Piece::Data("ab".into()), Piece::Wait, Piece::Data("cd".into())];
    let mut replayed = ReplayedBody::new(Script { frames: frames.into(), tells: true });
    {
        let mut reading = std::pin::pin!(replayed.read(10));
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert!(reading.as_mut().poll(&mut cx).is_pending());
    }
    assert_eq!(replayed.content(), "ab");
    assert_eq!(drain(replayed), ("abcd".to_owned(), None));
}
