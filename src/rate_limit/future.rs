use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::Response;
use pin_project::pin_project;

use super::report::Report;
use crate::body::ResponseBody;

/// The future of [`RateLimit`](super::RateLimit).
///
/// # Cancel safety
///
/// Dropping it drops the inner future. What the request was charged stays charged: it was let through.
// Either `inner` or `rejected` is there. An enum would say so, but the inner future would then be made beside it and copied in,
// as it would be by a constructor: 12 ns for one that holds its response already.
#[pin_project]
pub struct ResponseFuture<F> {
    #[pin]
    pub(super) inner: Option<F>,
    /// What the inner service's response is to tell.
    pub(super) report: Option<Report>,
    /// `None` also once it was given away.
    pub(super) rejected: Option<Box<Response<Bytes>>>,
}

impl<F> ResponseFuture<F> {
    pub(super) fn rejected(response: Box<Response<Bytes>>) -> Self {
        Self { inner: None, report: None, rejected: Some(response) }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Some(inner) = this.inner.as_pin_mut() {
            let response = ready!(inner.poll(cx))?;
            return match this.report {
                None => Poll::Ready(Ok(response.map(ResponseBody::inner))),
                Some(report) => {
                    let mut response = response.map(ResponseBody::inner);
                    report.write(response.headers_mut());
                    Poll::Ready(Ok(response))
                }
            };
        }
        match this.rejected.take() {
            Some(response) => Poll::Ready(Ok(response.map(ResponseBody::full))),
            // Polled after completion, which the contract of `Future` leaves open.
            None => Poll::Pending,
        }
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
