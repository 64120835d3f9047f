//! A request's body on its way upstream.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use http_body::{Body, Frame, SizeHint};
use pin_project::pin_project;
use tokio::time::timeout;

/// Counts what has been sent, so that a long upload is not taken for an upstream that does not answer.
#[pin_project]
#[derive(Debug)]
pub(crate) struct Upload<B> {
    #[pin]
    body: B,
    progress: Progress,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Progress(Arc<AtomicU64>);

impl<B> Upload<B> {
    pub(crate) fn new(body: B, progress: Progress) -> Self {
        Self { body, progress }
    }
}

impl Progress {
    /// What `call` comes to, unless for `patience` neither that nor anything else happens.
    pub(crate) async fn within<T>(
        &self,
        patience: Duration,
        call: impl Future<Output = T>,
    ) -> Option<T> {
        let mut call = std::pin::pin!(call);
        loop {
            let before = self.0.load(Ordering::Relaxed);
            match timeout(patience, call.as_mut()).await {
                Ok(outcome) => return Some(outcome),
                Err(_) if self.0.load(Ordering::Relaxed) > before => {}
                Err(_) => return None,
            }
        }
    }
}

impl<B: Body> Body for Upload<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.body.poll_frame(cx));
        this.progress.0.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
