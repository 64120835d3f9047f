use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
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
        let Some(running) = this.call else {
            let response = ready!(inner.poll(cx))?;
            return Poll::Ready(Ok(response.map(ResponseBody::inner)));
        };
        running.set_running(true);
        let polled = inner.poll(cx);
        if polled.is_pending() {
            running.set_running(false);
            return Poll::Pending;
        }
        let call = this.call.take();
        match ready!(polled) {
            Ok(response) => {
                let call = call.and_then(|call| call.head(&response));
                Poll::Ready(Ok(response.map(|body| match call {
                    Some(call) => ResponseBody::guarded(body, call),
                    None => ResponseBody::inner(body),
                })))
            }
            Err(error) => {
                if let Some(call) = call {
                    call.failed();
                }
                Poll::Ready(Err(error))
            }
        }
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
