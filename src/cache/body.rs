//! Bodies of the responses that go out of a cache.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project::pin_project;

#[cfg(feature = "compression")]
use super::compression::Inflating;
use crate::{
    error::BoxError,
    recording::{GivenBody, Reader},
};

/// The body of a response that came through a [`CacheLayer`](super::CacheLayer): the inner service's, a stored one, or one that
/// others read at the same time.
///
/// Its error is boxed, since those who read along may meet one that the inner service never had: whoever the inner body was
/// sent to first got its error, and that cannot be copied.
#[pin_project]
#[derive(Debug)]
pub struct CacheBody<B>(#[pin] Kind<B>);

#[pin_project(project = KindProjection)]
#[derive(Debug)]
enum Kind<B> {
    Given(#[pin] GivenBody<B>),
    #[cfg(feature = "compression")]
    Inflating(Inflating),
}

impl<B> CacheBody<B> {
    /// The inner service's body, passed through.
    pub(crate) fn inner(body: B) -> Self {
        Self(Kind::Given(GivenBody::Inner(body)))
    }

    /// The whole of `data`; no frame at all if it is empty.
    #[inline]
    pub(super) fn full(data: Bytes) -> Self {
        Self(Kind::Given(GivenBody::full(data)))
    }

    /// The whole of `data`, and then trailers.
    #[inline]
    pub(super) fn stored(data: Bytes, trailers: Option<&HeaderMap>) -> Self {
        let trailers = trailers.cloned().map(Box::new);
        Self(Kind::Given(GivenBody::There { data, trailers }))
    }

    /// What was stored compressed, as it was before.
    #[cfg(feature = "compression")]
    pub(super) fn inflating(body: Inflating) -> Self {
        Self(Kind::Inflating(body))
    }

    /// What is being recorded.
    pub(super) fn along(reader: Reader) -> Self {
        Self(Kind::Given(GivenBody::Along(reader)))
    }
}

impl<B> Default for CacheBody<B> {
    fn default() -> Self {
        Self::full(Bytes::new())
    }
}

impl<B> Body for CacheBody<B>
where
    B: Body,
    B::Data: Buf + From<Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    #[inline]
    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        match self.project().0.project() {
            KindProjection::Given(body) => body.poll_frame(cx),
            #[cfg(feature = "compression")]
            KindProjection::Inflating(body) => {
                Poll::Ready(body.next().map(|data| data.map(|data| Frame::data(data.into()))))
            }
        }
    }

    #[inline]
    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Given(body) => body.is_end_stream(),
            #[cfg(feature = "compression")]
            Kind::Inflating(body) => body.left() == 0,
        }
    }

    #[inline]
    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Given(body) => body.size_hint(),
            #[cfg(feature = "compression")]
            Kind::Inflating(body) => SizeHint::with_exact(body.left()),
        }
    }
}
