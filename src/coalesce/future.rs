use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use http::Response;
use http_body::Body;
use pin_project::pin_project;

use super::{CoalesceBody, desk::Write, lead::Lead};
use crate::error::BoxError;

/// The future of [`Coalesce`](super::Coalesce).
///
/// # Cancel safety
///
/// Dropping it while the service is called for it, and others wait for the same, leaves the call to the one of them who has
/// waited longest; if nobody waits it drops the call, as without the layer.
#[pin_project]
pub struct ResponseFuture<F, B, E> {
    #[pin]
    stage: Stage<F, B, E>,
}

/// How far a request is.
#[pin_project(project = StageProjection)]
pub(super) enum Stage<F, B, E> {
    Passed {
        #[pin]
        call: F,
        write: Option<Write>,
    },
    Leads(Lead<F>),
    /// Boxed: it keeps its request and its service.
    Waits(Waiting<B, E>),
    Done,
}

pub(super) type Waiting<B, E> =
    Pin<Box<dyn Future<Output = Result<Response<CoalesceBody<B>>, E>> + Send>>;

impl<F, B, E> ResponseFuture<F, B, E> {
    pub(super) fn new(stage: Stage<F, B, E>) -> Self {
        Self { stage }
    }
}

impl<F, B, E> Future for ResponseFuture<F, B, E>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body + Send + 'static,
    B::Data: Buf + From<Bytes>,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response<CoalesceBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut stage = self.project().stage;
        let answer = match stage.as_mut().project() {
            StageProjection::Passed { call, write } => {
                let answer = ready!(call.poll(cx));
                let write = write.take();
                // Before anybody knows of it.
                write.iter().for_each(Write::is_answered);
                answer.map(|response| {
                    response.map(|body| match write {
                        Some(write) => CoalesceBody::written(body, write),
                        None => CoalesceBody::inner(body),
                    })
                })
            }
            StageProjection::Leads(lead) => {
                ready!(Pin::new(lead).poll(cx)).map(|received| received.response)
            }
            StageProjection::Waits(waiting) => ready!(waiting.as_mut().poll(cx)),
            StageProjection::Done => panic!("polled after it was ready"),
        };
        stage.set(Stage::Done);
        Poll::Ready(answer)
    }
}

impl<F, B, E> fmt::Debug for ResponseFuture<F, B, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.stage {
            Stage::Passed { .. } => "ResponseFuture(passed)",
            Stage::Leads(_) => "ResponseFuture(leads)",
            Stage::Waits(_) => "ResponseFuture(waits)",
            Stage::Done => "ResponseFuture(done)",
        })
    }
}
