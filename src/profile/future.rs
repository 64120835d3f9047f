use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{HeaderName, HeaderValue, Response};
use http_body::Body;
use pin_project::pin_project;

use super::recording::Recording;
use crate::body::GuardedBody;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The future of [`Profiled`](super::Profiled).
///
/// # Cancel safety
///
/// Dropping it drops the inner future, and counts the request as given up.
#[pin_project]
pub struct ResponseFuture<F> {
    #[pin]
    pub(super) inner: F,
    /// `None` if somebody else records the request, and once it has gone with the response.
    pub(super) recording: Option<Recording>,
    pub(super) server_timing: bool,
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<GuardedBody<B, Recording>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(recording) = this.recording.take() else {
            let response = ready!(this.inner.poll(cx))?;
            return Poll::Ready(Ok(response.map(GuardedBody::unguarded)));
        };
        let running = recording.start();
        let polled = this.inner.poll(cx);
        let mut recording = running.stop();
        match polled {
            Poll::Pending => {
                *this.recording = Some(recording);
                Poll::Pending
            }
            Poll::Ready(Ok(mut response)) => {
                recording.head(&response);
                if *this.server_timing {
                    tell(&recording, &mut response);
                }
                Poll::Ready(Ok(response.map(|body| GuardedBody::new(body, recording))))
            }
            Poll::Ready(Err(error)) => {
                recording.fail();
                Poll::Ready(Err(error))
            }
        }
    }
}

#[cold]
fn tell<B>(recording: &Recording, response: &mut Response<B>) {
    let timing = format!("total;dur={:.1}", recording.to_headers_millis());
    if let Ok(timing) = HeaderValue::try_from(timing) {
        // The service may have told parts of it.
        response.headers_mut().append(SERVER_TIMING, timing);
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
