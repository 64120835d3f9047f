use std::{
    convert::Infallible,
    fmt,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{ResponseFuture, answer::Answering};
use crate::{
    batch::{Batcher, Handle},
    body::ResponseBody,
    clock::{Clock, Timestamp},
    deadline::deadline,
    error::BoxError,
    head::Head,
};

/// The service that [`HttpBatchLayer`](super::HttpBatchLayer) makes: answers each request from its batch, whatever body it has.
///
/// It never fails, so that it goes where the error must be `Infallible`. Clones share one queue; when the last is dropped what
/// waits is sent at once. It is always ready: what cannot be taken in is rejected, as a Router would not see that it is not
/// ready.
///
/// # Cancel safety
///
/// A request whose future is dropped takes its place in the queue with it, unless its batch has been sent.
pub struct HttpBatched<R, E = Infallible> {
    batcher: Batcher<Request<Bytes>, Response<R>, E>,
    terms: Arc<Terms<R, E>>,
}

/// On what terms requests are taken in.
pub(super) struct Terms<R, E> {
    pub(super) intake: Intake,
    pub(super) answering: Answering<R, E>,
}

/// What is waited for before a request is in the queue.
#[derive(Clone, Debug)]
pub(super) struct Intake {
    pub(super) max_body_bytes: usize,
    pub(super) max_body_wait: Duration,
    /// By which the deadlines are read that requests tell, unless the user reads them otherwise.
    pub(super) deadlines: Option<Clock>,
}

impl Intake {
    /// Until when a request says that it is worth answering, and how long its body may take.
    pub(super) fn patience(&self, head: &Head<'_>) -> (Option<Timestamp>, Duration) {
        let Some(clock) = &self.deadlines else { return (None, self.max_body_wait) };
        let now = clock.now();
        match deadline(head, now) {
            Some(until) => (Some(until), self.max_body_wait.min(until.saturating_since(now))),
            None => (None, self.max_body_wait),
        }
    }

    /// Whether it is too late for a request.
    pub(super) fn is_over(&self, until: Timestamp) -> bool {
        self.deadlines.as_ref().is_some_and(|clock| clock.now() >= until)
    }
}

impl<R, E> HttpBatched<R, E> {
    pub(super) fn new(
        batcher: Batcher<Request<Bytes>, Response<R>, E>,
        intake: Intake,
        answering: Answering<R, E>,
    ) -> Self {
        Self { batcher, terms: Arc::new(Terms { intake, answering }) }
    }

    /// Reads and steers it, and does not keep it open.
    pub fn handle(&self) -> Handle
    where
        R: 'static,
        E: 'static,
    {
        self.batcher.handle()
    }
}

impl<B, R, E> Service<Request<B>> for HttpBatched<R, E>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = Infallible;
    type Future = ResponseFuture<B, R, E>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture<B, R, E> {
        ResponseFuture::new(request, self.batcher.clone(), Arc::clone(&self.terms))
    }
}

impl<R, E> Clone for HttpBatched<R, E> {
    fn clone(&self) -> Self {
        Self { batcher: self.batcher.clone(), terms: Arc::clone(&self.terms) }
    }
}

impl<R, E> fmt::Debug for HttpBatched<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpBatched")
            .field("batcher", &self.batcher)
            .field("intake", &self.terms.intake)
            .finish_non_exhaustive()
    }
}
