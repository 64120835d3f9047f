//! Bodies of the responses that go out.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use pin_project::pin_project;

use super::{begun::Whole, desk::Write};
use crate::{
    body::GuardedBody,
    error::BoxError,
    recording::{GivenBody, Reader},
};

/// The body of a response that came through a [`CoalesceLayer`](super::CoalesceLayer): the inner service's, or one that others
/// read at the same time.
///
/// Its error is boxed, since those who read along may meet one that the inner service never had: whoever meets the inner body's
/// error first takes it, and it cannot be copied.
#[pin_project]
#[derive(Debug)]
pub struct CoalesceBody<B>(#[pin] GuardedBody<GivenBody<B>, Write>);

impl<B> CoalesceBody<B> {
    /// The inner service's body, passed through.
    pub(crate) fn inner(body: B) -> Self {
        Self::given(GivenBody::Inner(body))
    }

    /// The body of the answer to a write, which may not have ended before it has.
    pub(super) fn written(body: B, write: Write) -> Self
    where
        B: Body,
        B::Data: Buf + From<Bytes>,
        B::Error: Into<BoxError>,
    {
        Self(GuardedBody::new(GivenBody::Inner(body), write))
    }

    /// What has come already, trailers included.
    pub(super) fn whole(Whole { data, trailers }: Whole) -> Self {
        Self::given(GivenBody::There { data, trailers })
    }

    /// The whole of `data`.
    pub(super) fn full(data: Bytes) -> Self {
        Self::given(GivenBody::full(data))
    }

    /// What others read as well.
    pub(super) fn along(reader: Reader) -> Self {
        Self::given(GivenBody::Along(reader))
    }

    fn given(body: GivenBody<B>) -> Self {
        Self(GuardedBody::unguarded(body))
    }
}

impl<B> Default for CoalesceBody<B> {
    fn default() -> Self {
        Self::given(GivenBody::default())
    }
}

impl<B> Body for CoalesceBody<B>
where
    B: Body,
    B::Data: Buf + From<Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        self.project().0.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
