use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::Response;
use pin_project::pin_project;

use super::{
    CacheBody,
    keeper::{Keeper, Pass},
};

/// The future of [`Cache`](super::Cache).
///
/// # Cancel safety
///
/// Dropping it while the inner service is called for this request alone drops that call. A call whose response others may get
/// goes on in the background, and what comes of it is stored; whoever waits for it gets it.
#[pin_project]
pub struct ResponseFuture<F, B, E> {
    #[pin]
    stage: Stage<F, B, E>,
}

/// How far a request is.
#[pin_project(project = StageProjection)]
pub(super) enum Stage<F, B, E> {
    Answered(Option<Response<CacheBody<B>>>),
    Passed {
        #[pin]
        call: F,
        pass: Option<(Pass, Arc<Keeper>)>,
    },
    /// Boxed: only requests that the store has no answer for pay for it, and those whose body is read first.
    Fetched(Fetching<B, E>),
    Done,
}

pub(super) type Fetching<B, E> =
    Pin<Box<dyn Future<Output = Result<Response<CacheBody<B>>, E>> + Send>>;

impl<F, B, E> ResponseFuture<F, B, E> {
    #[inline]
    pub(super) fn new(stage: Stage<F, B, E>) -> Self {
        Self { stage }
    }

    /// For requests of which more must be known first.
    pub(super) fn boxed(fetching: Fetching<B, E>) -> Self {
        Self::new(Stage::Fetched(fetching))
    }
}

impl<F, B, E> Future for ResponseFuture<F, B, E>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<CacheBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut stage = self.project().stage;
        match stage.as_mut().project() {
            StageProjection::Answered(response) => match response.take() {
                Some(response) => Poll::Ready(Ok(response)),
                None => panic!("polled after it was ready"),
            },
            StageProjection::Passed { call, pass } => {
                let answer = ready!(call.poll(cx));
                let pass = pass.take();
                stage.set(Stage::Done);
                Poll::Ready(answer.map(|response| match pass {
                    Some((pass, keeper)) => keeper.passed(&pass, response),
                    None => response.map(CacheBody::inner),
                }))
            }
            StageProjection::Fetched(fetching) => {
                let answer = ready!(fetching.as_mut().poll(cx));
                stage.set(Stage::Done);
                Poll::Ready(answer)
            }
            StageProjection::Done => panic!("polled after it was ready"),
        }
    }
}

impl<F, B, E> fmt::Debug for ResponseFuture<F, B, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.stage {
            Stage::Answered(_) => "ResponseFuture(answered)",
            Stage::Passed { .. } => "ResponseFuture(passed)",
            Stage::Fetched(_) => "ResponseFuture(fetching)",
            Stage::Done => "ResponseFuture(done)",
        })
    }
}
