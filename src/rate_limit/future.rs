use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::Response;
use http_body::Body;
use pin_project::pin_project;

use super::{admission::Passed, follow_up::FollowUp, report::Report};
use crate::body::ResponseBody;

/// The future of [`RateLimit`](super::RateLimit).
///
/// # Cancel safety
///
/// Dropping it drops the inner future. What the request was charged stays charged: it was let through. Where the response
/// would have decided on the charge, what was reserved is charged.
// Either `inner` or `rejected` is there. An enum would say so, but the inner future would then be made beside it and copied in,
// as it would be by a constructor: 12 ns for one that holds its response already.
#[pin_project]
pub struct ResponseFuture<F> {
    #[pin]
    pub(super) inner: Option<F>,
    /// What the inner service's response is to tell.
    pub(super) report: Option<Report>,
    /// What is to be done when it is there.
    pub(super) follow_up: Option<FollowUp>,
    /// `None` also once it was given away.
    pub(super) rejected: Option<Box<Response<Bytes>>>,
}

impl<F> ResponseFuture<F> {
    pub(super) fn passed(inner: F, passed: Passed) -> Self {
        let Passed { report, follow_up } = passed;
        Self { inner: Some(inner), report, follow_up, rejected: None }
    }

    pub(super) fn rejected(response: Box<Response<Bytes>>) -> Self {
        Self { inner: None, report: None, follow_up: None, rejected: Some(response) }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<ResponseBody<B, FollowUp>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.follow_up.is_some() {
            return self.poll_followed_up(cx);
        }
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

impl<F, B, E> ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    /// By itself, since the response would be copied once more where the two ways meet.
    #[inline(never)]
    fn poll_followed_up(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<ResponseBody<B, FollowUp>>, E>> {
        let this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else { return Poll::Pending };
        let response = ready!(inner.poll(cx));
        let Some(follow_up) = this.follow_up.take() else { return Poll::Pending };
        let response = match response {
            Ok(response) => response,
            Err(error) => {
                follow_up.failed();
                return Poll::Ready(Err(error));
            }
        };
        let (follow_up, settled) = follow_up.head(&response);
        let mut response = response.map(|body| match follow_up {
            Some(follow_up) => ResponseBody::guarded(body, follow_up),
            None => ResponseBody::inner(body),
        });
        if let Some(report) = settled.as_ref().or(this.report.as_ref()) {
            report.write(response.headers_mut());
        }
        Poll::Ready(Ok(response))
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
