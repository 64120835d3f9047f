use std::{
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http_body::{Body, Frame};

use crate::error::BoxError;

/// A body, of which the beginning was taken out, as far as it is there.
pub(super) enum Begun<B> {
    /// As most are: in one piece, and as long as was announced.
    Whole(Whole),
    Coming(Pin<Box<Coming<B>>>),
}

/// All of a body.
#[derive(Clone, Debug)]
pub(super) struct Whole {
    pub(super) data: Bytes,
    pub(super) trailers: Option<Box<HeaderMap>>,
}

/// A body with what was taken out of it.
pub(super) struct Coming<B> {
    taken: [Option<Result<Frame<Bytes>, BoxError>>; 2],
    has_ended: bool,
    rest: Pin<Box<B>>,
}

impl<B> Begun<B>
where
    B: Body,
    B::Data: Buf,
    B::Error: Into<BoxError>,
{
    /// Begins to receive `body`, which is not whole if it is larger than `limit`.
    pub(super) fn of(body: B, limit: u64) -> Self {
        let announced = body.size_hint().exact();
        let mut coming = Coming { taken: [None, None], has_ended: false, rest: Box::pin(body) };
        let cx = &mut Context::from_waker(Waker::noop());
        for at in 0..coming.taken.len() {
            let Poll::Ready(frame) = coming.poll_rest(cx) else { break };
            coming.taken[at] = frame;
        }
        // Whoever gets what is whole is told its length, unless there are trailers: no other than was announced.
        let is_whole = coming.piece().is_some_and(|(len, has_trailers)| {
            len <= limit && announced == (!has_trailers).then_some(len)
        });
        if !is_whole {
            return Self::Coming(Box::pin(coming));
        }
        let [data, trailers] = coming.taken;
        let data = data.and_then(|frame| frame.ok()?.into_data().ok());
        let trailers = trailers.and_then(|frame| frame.ok()?.into_trailers().ok());
        Self::Whole(Whole { data: data.unwrap_or_default(), trailers: trailers.map(Box::new) })
    }
}

impl<B> Coming<B> {
    /// If it has ended after one piece of data: how long that is, and whether trailers come after.
    fn piece(&self) -> Option<(u64, bool)> {
        let (data, has_trailers) = match &self.taken {
            [None, None] if self.has_ended => return Some((0, false)),
            [Some(Ok(data)), None] if self.has_ended => (data, false),
            // Nothing comes after these.
            [Some(Ok(data)), Some(Ok(end))] if end.is_trailers() => (data, true),
            _ => return None,
        };
        data.data_ref().map(|data| (data.len() as u64, has_trailers))
    }
}

impl<B> Coming<B>
where
    B: Body,
    B::Data: Buf,
    B::Error: Into<BoxError>,
{
    /// What was not taken out before.
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.has_ended || self.rest.is_end_stream() {
            self.has_ended = true;
            return Poll::Ready(None);
        }
        let frame = ready!(self.rest.as_mut().poll_frame(cx));
        self.has_ended = frame.is_none();
        let owned =
            |frame: Frame<B::Data>| frame.map_data(|mut data| data.copy_to_bytes(data.remaining()));
        Poll::Ready(frame.map(|frame| frame.map(owned).map_err(Into::into)))
    }
}

impl<B> Body for Coming<B>
where
    B: Body,
    B::Data: Buf,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.taken.iter_mut().find_map(Option::take) {
            Some(frame) => Poll::Ready(Some(frame)),
            None => self.poll_rest(cx),
        }
    }
}
