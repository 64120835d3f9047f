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
#[pin_project]
pub struct ResponseFuture<F> {
    #[pin]
    pub(super) state: State<F>,
}

#[pin_project(project = StateProjection)]
pub(super) enum State<F> {
    Inner {
        #[pin]
        future: F,
        report: Option<Report>,
    },
    Rejected {
        /// `None` once it was given away.
        response: Option<Box<Response<Bytes>>>,
    },
}

impl<F> ResponseFuture<F> {
    pub(super) fn rejected(response: Box<Response<Bytes>>) -> Self {
        Self { state: State::Rejected { response: Some(response) } }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Inner { future, report } => {
                let response = ready!(future.poll(cx))?;
                match report {
                    None => Poll::Ready(Ok(response.map(ResponseBody::inner))),
                    Some(report) => {
                        let mut response = response.map(ResponseBody::inner);
                        report.write(response.headers_mut());
                        Poll::Ready(Ok(response))
                    }
                }
            }
            StateProjection::Rejected { response } => match response.take() {
                Some(response) => Poll::Ready(Ok(response.map(ResponseBody::full))),
                // Polled after completion, which the contract of `Future` leaves open.
                None => Poll::Pending,
            },
        }
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
