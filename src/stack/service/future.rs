use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Response;
use pin_project::pin_project;

use super::body::{ChainBody, WeirBody};

/// The future of [`WeirService`](super::WeirService).
///
/// # Cancel safety
///
/// As those of the layers: dropping it gives back what is held for the request, and what others wait for goes on without it.
#[pin_project]
pub struct ResponseFuture<F>(#[pin] pub(super) F);

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<ChainBody<B>>, E>>,
{
    type Output = Result<Response<WeirBody<B>>, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(ready!(self.project().0.poll(cx)).map(|response| response.map(WeirBody)))
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
