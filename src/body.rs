//! Response bodies: with a guard to their end, or made by a layer.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project::pin_project;

/// A body with a [`Guard`] that sees it pass and is dropped as soon as it has ended.
///
/// The end is the body's last frame, an error or being dropped, whichever is first. Data, trailers, size hint and errors come
/// through unchanged.
#[pin_project]
#[derive(Debug)]
pub struct GuardedBody<B, G> {
    #[pin]
    body: B,
    guard: Option<G>,
}

/// What is held for a response until its body ends: a permit, a timer.
pub trait Guard {
    /// The body is about to be polled: does that, and whatever is to be done around it.
    fn around<T>(&mut self, poll: impl FnOnce() -> T) -> T {
        poll()
    }

    /// So many bytes of data pass.
    fn data(&mut self, bytes: usize) {
        let _ = bytes;
    }

    /// The trailers pass.
    fn trailers(&mut self, trailers: &HeaderMap) {
        let _ = trailers;
    }

    /// The body failed. The guard is dropped next.
    fn failed(&mut self) {}

    /// The body has come to its end, whole. The guard is dropped next.
    fn complete(&mut self) {}
}

impl Guard for Infallible {}

impl<B, G> GuardedBody<B, G> {
    /// Passes `body` through, with nothing to hold.
    pub fn unguarded(body: B) -> Self {
        Self { body, guard: None }
    }

    /// Passes `body` through and holds `guard` until it ends.
    pub fn new(body: B, mut guard: G) -> Self
    where
        B: Body,
        G: Guard,
    {
        // A body that is empty from the start may never be polled.
        let empty = body.is_end_stream();
        if empty {
            guard.complete();
        }
        Self { body, guard: (!empty).then_some(guard) }
    }
}

impl<B: Body, G: Guard> Body for GuardedBody<B, G> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(guard) = this.guard else { return this.body.poll_frame(cx) };
        let frame = ready!(guard.around(|| this.body.as_mut().poll_frame(cx)));
        if watch(guard, &frame, this.body.is_end_stream()) {
            *this.guard = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The inner service's body, passed through, or a short one that the layer made itself.
///
/// Data, trailers, size hint and errors of the inner body come through unchanged; its error type stays, so that the
/// service around it needs no conversion. A layer may attach a [`Guard`]; without one it takes no room.
#[pin_project]
#[derive(Debug)]
pub struct ResponseBody<B, G = Infallible>(#[pin] Kind<B, G>);

#[pin_project(project = KindProjection)]
#[derive(Debug)]
enum Kind<B, G> {
    Inner(#[pin] GuardedBody<B, G>),
    Full(Option<Bytes>),
}

impl<B, G> ResponseBody<B, G> {
    /// Passes `body` through.
    pub fn inner(body: B) -> Self {
        Self(Kind::Inner(GuardedBody::unguarded(body)))
    }

    /// Passes `body` through and holds `guard` until it ends.
    pub fn guarded(body: B, guard: G) -> Self
    where
        B: Body,
        G: Guard,
    {
        Self(Kind::Inner(GuardedBody::new(body, guard)))
    }

    /// Passes `body` through and holds `guard`, if there is one, until it ends: for a body that is known not to have ended yet.
    #[cfg(feature = "concurrency")]
    #[inline]
    pub(crate) fn holding(body: B, guard: Option<G>) -> Self {
        Self(Kind::Inner(GuardedBody { body, guard }))
    }

    /// The whole of `data`; no frame at all if it is empty.
    pub fn full(data: impl Into<Bytes>) -> Self {
        let data = data.into();
        Self(Kind::Full((!data.is_empty()).then_some(data)))
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
        match self.project().0.project() {
            KindProjection::Inner(body) => body.poll_frame(cx),
            KindProjection::Full(data) => {
                Poll::Ready(data.take().map(|data| Ok(Frame::data(data.into()))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Inner(body) => body.is_end_stream(),
            Kind::Full(data) => data.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
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
    let mut trailed = false;
    match frame {
        Some(Ok(frame)) => {
            if let Some(data) = frame.data_ref() {
                guard.data(data.remaining());
            } else if let Some(trailers) = frame.trailers_ref() {
                guard.trailers(trailers);
                trailed = true;
            }
        }
        Some(Err(_)) => {
            guard.failed();
            return true;
        }
        None => {}
    }
    // A body of exact length is often not polled again after its last frame, nor is any after its trailers, so waiting for
    // `None` would hold the guard until the connection lets go of the body.
    let ended = is_end || trailed || frame.is_none();
    if ended {
        guard.complete();
    }
    ended
}
