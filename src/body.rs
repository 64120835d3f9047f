//! The response body that a layer answers with.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project::pin_project;

/// The inner service's body, passed through, or a short one that the layer made itself.
///
/// Data, trailers, size hint and errors of the inner body come through unchanged; its error type stays, so that the
/// service around it needs no conversion. A layer may attach a [`Guard`] (a permit, a timer): it sees the body pass, and is
/// dropped as soon as the body has ended, which is its last frame, an error or being dropped, whichever is first. Without
/// one it takes no room.
#[pin_project]
#[derive(Debug)]
pub struct ResponseBody<B, G = Infallible> {
    #[pin]
    kind: Kind<B>,
    guard: Option<G>,
}

/// What is held for a response until its body ends.
pub trait Guard {
    /// So many bytes of data pass.
    fn data(&mut self, bytes: usize) {
        let _ = bytes;
    }

    /// The trailers pass.
    fn trailers(&mut self, trailers: &HeaderMap) {
        let _ = trailers;
    }

    /// The body has come to its end, whole. The guard is dropped next.
    fn complete(&mut self) {}
}

impl Guard for Infallible {}

#[pin_project(project = KindProjection)]
#[derive(Debug)]
enum Kind<B> {
    Inner(#[pin] B),
    Full(Option<Bytes>),
}

impl<B, G> ResponseBody<B, G> {
    /// Passes `body` through.
    pub fn inner(body: B) -> Self {
        Self { kind: Kind::Inner(body), guard: None }
    }

    /// Passes `body` through and holds `guard` until it ends.
    pub fn guarded(body: B, mut guard: G) -> Self
    where
        B: Body,
        G: Guard,
    {
        // A body that is empty from the start may never be polled.
        let empty = body.is_end_stream();
        if empty {
            guard.complete();
        }
        Self { kind: Kind::Inner(body), guard: (!empty).then_some(guard) }
    }

    /// The whole of `data`; no frame at all if it is empty.
    pub fn full(data: impl Into<Bytes>) -> Self {
        let data = data.into();
        Self { kind: Kind::Full((!data.is_empty()).then_some(data)), guard: None }
    }
}

impl<B, G> Default for ResponseBody<B, G> {
    fn default() -> Self {
        Self::full(Bytes::new())
    }
}

impl<B, G> Body for ResponseBody<B, G>
where
    B: Body,
    B::Data: Buf + From<Bytes>,
    G: Guard,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        match this.kind.as_mut().project() {
            KindProjection::Full(data) => {
                Poll::Ready(data.take().map(|data| Ok(Frame::data(data.into()))))
            }
            KindProjection::Inner(mut body) => {
                let frame = ready!(body.as_mut().poll_frame(cx));
                if let Some(guard) = this.guard
                    && watch(guard, &frame, body.is_end_stream())
                {
                    *this.guard = None;
                }
                Poll::Ready(frame)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Inner(body) => body.is_end_stream(),
            Kind::Full(data) => data.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Inner(body) => body.size_hint(),
            Kind::Full(data) => SizeHint::with_exact(data.as_ref().map_or(0, |d| d.len() as u64)),
        }
    }
}

/// Shows a guard what passes; whether it was the last.
fn watch<D: Buf, E>(
    guard: &mut impl Guard,
    frame: &Option<Result<Frame<D>, E>>,
    is_end: bool,
) -> bool {
    match frame {
        Some(Ok(frame)) => {
            if let Some(data) = frame.data_ref() {
                guard.data(data.remaining());
            } else if let Some(trailers) = frame.trailers_ref() {
                guard.trailers(trailers);
            }
        }
        Some(Err(_)) => return true,
        None => {}
    }
    // A body of exact length is often not polled again after its last frame, so waiting for `None` would hold the guard
    // until the connection lets go of the body.
    let ended = is_end || frame.is_none();
    if ended {
        guard.complete();
    }
    ended
}
