use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use pin_project::pin_project;

use crate::{
    body::{GuardedBody, ResponseBody},
    cache::CacheBody,
    circuit_breaker::Call,
    coalesce::CoalesceBody,
    concurrency::Held,
    error::BoxError,
    profile::Recording,
    rate_limit::FollowUp,
};

type InnerBody<B> = CoalesceBody<ResponseBody<ResponseBody<B, Call>, Held>>;
pub(super) type ChainBody<B> =
    GuardedBody<ResponseBody<CacheBody<InnerBody<B>>, FollowUp>, Recording>;

/// The body of a response that came through a [`WeirLayer`](super::WeirLayer): the inner service's, a stored one, or a short one
/// of a rejection.
///
/// Its error is boxed, as that of a [`CacheBody`] is.
#[pin_project]
pub struct WeirBody<B>(#[pin] pub(super) ChainBody<B>);

impl<B> Body for WeirBody<B>
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
        self.project().0.poll_frame(cx)
    }

    #[inline]
    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    #[inline]
    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

impl<B> Default for WeirBody<B> {
    fn default() -> Self {
        Self(GuardedBody::unguarded(ResponseBody::default()))
    }
}

impl<B> std::fmt::Debug for WeirBody<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WeirBody").finish_non_exhaustive()
    }
}
