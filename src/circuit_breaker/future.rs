use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::Response;
use http_body::Body;
use pin_project::pin_project;

use super::call::Call;
use crate::body::ResponseBody;

/// The future of [`CircuitBreaker`](super::CircuitBreaker).
///
/// # Cancel safety
///
/// Dropping it drops the inner future. The call then counts as nothing, and its place is free if it was a probe; but one that
/// had been under way for as long as a slow call, or as a probe may be, counts as such.
// Not an enum, so that the inner future is made in its place: see the rate limit's.
#[pin_project]
pub struct ResponseFuture<F> {
    #[pin]
    pub(super) inner: Option<F>,
    /// `None` if no breaker is for the request, and once it has ended or gone with the response.
    pub(super) call: Option<Call>,
    /// `None` also once it was given away.
    pub(super) rejected: Option<Box<Response<Bytes>>>,
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<ResponseBody<B, Call>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else {
            // Polled after completion, it stays pending, which the contract of `Future` leaves open.
            let Some(response) = this.rejected.take() else { return Poll::Pending };
            return Poll::Ready(Ok(response.map(ResponseBody::full)));
        };
        if let Some(call) = this.call {
            call.set_running(true);
        }
        let response = match inner.poll(cx) {
            Poll::Ready(Ok(response)) => response,
            Poll::Ready(Err(error)) => {
                if let Some(call) = this.call.take() {
                    call.failed();
                }
                return Poll::Ready(Err(error));
            }
            Poll::Pending => {
                if let Some(call) = this.call {
                    call.set_running(false);
                }
                return Poll::Pending;
            }
        };
        // In its place, and each way to its own end: a response that is moved once more costs more than all the rest.
        if let Some(call) = this.call
            && call.head(&response).is_continue()
        {
            return Poll::Ready(Ok(guarded(response, this.call.take())));
        }
        Poll::Ready(Ok(response.map(ResponseBody::inner)))
    }
}

#[inline(never)]
fn guarded<B: Body>(response: Response<B>, call: Option<Call>) -> Response<ResponseBody<B, Call>> {
    response.map(|body| match call {
        Some(call) => ResponseBody::guarded(body, call),
        None => ResponseBody::inner(body),
    })
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
