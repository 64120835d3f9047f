use std::{
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project::pin_project;

use super::Reader;
use crate::error::BoxError;

/// The body of a response that is given out: the inner service's, one that is there, or one that others read at the same time.
///
/// Its error is boxed, since those who read along may meet one that the inner service never had: whoever the inner body was
/// sent to first got its error, and that cannot be copied.
#[pin_project(project = GivenProjection)]
#[derive(Debug)]
pub(crate) enum GivenBody<B> {
    Inner(#[pin] B),
    There { data: Bytes, trailers: Option<Box<HeaderMap>> },
    Along(Reader),
}

impl<B> GivenBody<B> {
    /// The whole of `data`; no frame at all if it is empty.
    #[inline]
    pub(crate) fn full(data: Bytes) -> Self {
        Self::There { data, trailers: None }
    }
}

impl<B> Default for GivenBody<B> {
    fn default() -> Self {
        Self::full(Bytes::new())
    }
}

impl<B> Body for GivenBody<B>
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
        match self.project() {
            GivenProjection::Inner(body) => body.poll_frame(cx).map_err(Into::into),
            GivenProjection::There { data, .. } if !data.is_empty() => {
                Poll::Ready(Some(Ok(Frame::data(mem::take(data).into()))))
            }
            GivenProjection::There { trailers, .. } => {
                Poll::Ready(trailers.take().map(|trailers| Ok(Frame::trailers(*trailers))))
            }
            GivenProjection::Along(reader) => {
                reader.poll_frame(cx).map_ok(|frame| frame.map_data(B::Data::from))
            }
        }
    }

    #[inline]
    fn is_end_stream(&self) -> bool {
        match self {
            Self::Inner(body) => body.is_end_stream(),
            Self::There { data, trailers } => data.is_empty() && trailers.is_none(),
            Self::Along(reader) => reader.is_end_stream(),
        }
    }

    #[inline]
    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Inner(body) => body.size_hint(),
            Self::There { data, trailers: None } => SizeHint::with_exact(data.len() as u64),
            // HTTP/1.1 has trailers only where the length is not told before (RFC 9112 section 7.1.2).
            Self::There { data, trailers: Some(_) } => {
                let mut hint = SizeHint::new();
                hint.set_lower(data.len() as u64);
                hint
            }
            Self::Along(reader) => reader.size_hint(),
        }
    }
}
