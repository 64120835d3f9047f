//! Bodies of the responses that go out of a cache.

use std::{
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project::pin_project;

#[cfg(feature = "compression")]
use super::compression::Inflating;
use super::recording::Reader;
use crate::error::BoxError;

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
    Inner(#[pin] B),
    Stored {
        data: Bytes,
        trailers: Option<Box<HeaderMap>>,
    },
    Along(Reader),
    #[cfg(feature = "compression")]
    Inflating(Inflating),
}

impl<B> CacheBody<B> {
    /// The inner service's body, passed through.
    pub(super) fn inner(body: B) -> Self {
        Self(Kind::Inner(body))
    }

    /// The whole of `data`; no frame at all if it is empty.
    #[inline]
    pub(super) fn full(data: Bytes) -> Self {
        Self(Kind::Stored { data, trailers: None })
    }

    /// The whole of `data`, and then trailers.
    #[inline]
    pub(super) fn stored(data: Bytes, trailers: Option<&HeaderMap>) -> Self {
        Self(Kind::Stored { data, trailers: trailers.cloned().map(Box::new) })
    }

    /// What was stored compressed, as it was before.
    #[cfg(feature = "compression")]
    pub(super) fn inflating(body: Inflating) -> Self {
        Self(Kind::Inflating(body))
    }

    /// What is being recorded.
    pub(super) fn along(reader: Reader) -> Self {
        Self(Kind::Along(reader))
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

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        match self.project().0.project() {
            KindProjection::Inner(body) => body.poll_frame(cx).map_err(Into::into),
            KindProjection::Stored { data, .. } if !data.is_empty() => {
                Poll::Ready(Some(Ok(Frame::data(mem::take(data).into()))))
            }
            KindProjection::Stored { trailers, .. } => {
                Poll::Ready(trailers.take().map(|trailers| Ok(Frame::trailers(*trailers))))
            }
            KindProjection::Along(reader) => {
                reader.poll_frame(cx).map_ok(|frame| frame.map_data(B::Data::from))
            }
            #[cfg(feature = "compression")]
            KindProjection::Inflating(body) => {
                Poll::Ready(body.next().map(|data| data.map(|data| Frame::data(data.into()))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Inner(body) => body.is_end_stream(),
            Kind::Stored { data, trailers } => data.is_empty() && trailers.is_none(),
            Kind::Along(reader) => reader.is_end_stream(),
            #[cfg(feature = "compression")]
            Kind::Inflating(body) => body.left() == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Inner(body) => body.size_hint(),
            Kind::Stored { data, trailers: None } => SizeHint::with_exact(data.len() as u64),
            // HTTP/1.1 has trailers only where the length is not told before (RFC 9112 section 7.1.2).
            Kind::Stored { data, trailers: Some(_) } => {
                let mut hint = SizeHint::new();
                hint.set_lower(data.len() as u64);
                hint
            }
            Kind::Along(reader) => reader.size_hint(),
            #[cfg(feature = "compression")]
            Kind::Inflating(body) => SizeHint::with_exact(body.left()),
        }
    }
}
