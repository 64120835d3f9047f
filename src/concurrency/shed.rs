//! The answers to requests that are turned away.

use std::{fmt, mem, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};

use super::Refusal;
use crate::{
    head::Head,
    reject::{Rejected, Rejection, Render, is_grpc},
};

/// Turns requests away, for less than they cost to take.
///
/// The answers are rendered beforehand, and written into the header map and the extensions of the request: a service that has
/// too much to do has no time for allocations.
#[derive(Clone)]
pub(super) struct Shed {
    retry_after: Duration,
    resource_exhausted: bool,
    render: Option<Render>,
    /// For HTTP and gRPC, by refusal.
    answers: Arc<[[Response<Bytes>; Refusal::ALL.len()]; 2]>,
}

impl Shed {
    pub(super) fn new() -> Self {
        Self::with(Duration::from_secs(1), false, None)
    }

    fn with(retry_after: Duration, resource_exhausted: bool, render: Option<Render>) -> Self {
        let answers = ["application/json", "application/grpc"].map(|content_type| {
            let mut request = Request::new(());
            let value = http::HeaderValue::from_static(content_type);
            request.headers_mut().insert(http::header::CONTENT_TYPE, value);
            Refusal::ALL.map(|refusal| {
                rejection(refusal, retry_after, resource_exhausted).response(&Head::of(&request))
            })
        });
        Self { retry_after, resource_exhausted, render, answers: Arc::new(answers) }
    }

    pub(super) fn retry_after(self, retry_after: Duration) -> Self {
        Self::with(retry_after, self.resource_exhausted, self.render)
    }

    pub(super) fn resource_exhausted(self) -> Self {
        Self::with(self.retry_after, true, self.render)
    }

    pub(super) fn render(self, render: Render) -> Self {
        Self::with(self.retry_after, self.resource_exhausted, Some(render))
    }

    /// The answer for any other reason.
    pub(super) fn render_one(&self, rejection: &Rejection, head: &Head<'_>) -> Response<Bytes> {
        rejection.response_by(self.render.as_ref(), head)
    }

    /// The answer to a request, which is used up for it. Not inlined: whoever lends the request copies it.
    #[inline(never)]
    pub(super) fn answer<B>(&self, refusal: Refusal, mut request: Request<B>) -> Response<Bytes> {
        if self.render.is_some() {
            let rejection = rejection(refusal, self.retry_after, self.resource_exhausted);
            return rejection.response_by(self.render.as_ref(), &Head::of(&request));
        }
        let answer = &self.answers[usize::from(is_grpc(request.headers()))][refusal as usize];
        let headers = request.headers_mut();
        headers.clear();
        for (name, value) in answer.headers() {
            headers.insert(name.clone(), value.clone());
        }
        let mut response = Response::new(answer.body().clone());
        *response.status_mut() = answer.status();
        *response.headers_mut() = mem::take(headers);
        let extensions = request.extensions_mut();
        extensions.clear();
        Rejected::mark(extensions);
        *response.extensions_mut() = mem::take(extensions);
        response
    }
}

fn rejection(refusal: Refusal, retry_after: Duration, resource_exhausted: bool) -> Rejection {
    let rejection = refusal.rejection().retry_after(retry_after);
    if resource_exhausted { rejection.resource_exhausted() } else { rejection }
}

impl fmt::Debug for Shed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shed").field("retry_after", &self.retry_after).finish_non_exhaustive()
    }
}
