//! What clients are told.

use std::{borrow::Cow, fmt, time::Duration};

use bytes::Bytes;
use http::{Response, request::Parts};

use super::read::Unread;
use crate::{
    batch::{BatchError, Refusal},
    body::ResponseBody,
    head::Head,
    reject::{Reason, Rejected, Rejection, Render, is_grpc},
};

/// When to come again, if nothing is known of how long calls take.
const UNKNOWN: Duration = Duration::from_secs(1);

/// Answers requests, whatever became of them.
pub(super) struct Answering<R, E> {
    /// The name of the batches.
    pub(super) batch: Cow<'static, str>,
    pub(super) on_error: OnError<R, E>,
    pub(super) on_reject: Option<Render>,
}

/// The answer to a request's own error, in batches of this name.
type OnError<R, E> = Box<dyn Fn(E, &str) -> Option<Response<R>> + Send + Sync>;

/// What must be known of a request to answer it that is in a batch.
#[derive(Debug)]
pub(super) enum Asked {
    Plainly,
    ByGrpc,
    /// Whoever renders the answer wants to see all of it.
    With(Box<Parts>),
}

impl<R, E> Answering<R, E> {
    pub(super) fn asked(&self, parts: &Parts) -> Asked {
        match self.on_reject {
            Some(_) => Asked::With(Box::new(parts.clone())),
            None if is_grpc(&parts.headers) => Asked::ByGrpc,
            None => Asked::Plainly,
        }
    }

    /// The answer to a request that is not taken in.
    pub(super) fn reject(&self, rejection: &Rejection, head: &Head<'_>) -> Response<Bytes> {
        tracing::debug!(batch = &*self.batch, "request rejected: {}", rejection.message());
        rejection.response_by(self.on_reject.as_ref(), head)
    }

    /// The answer to a request that was sent to its batch.
    pub(super) fn answer(
        &self,
        outcome: Result<Response<R>, BatchError<E>>,
        asked: &Asked,
    ) -> Response<ResponseBody<R>> {
        let error = match outcome {
            Ok(response) => return response.map(ResponseBody::inner),
            Err(error) => error,
        };
        let mut response = match error {
            BatchError::Refused(refusal) => {
                return self.render(&self.refused(refusal), asked).map(ResponseBody::full);
            }
            BatchError::Item(error) => match (self.on_error)(error, &self.batch) {
                Some(response) => return response.map(ResponseBody::inner),
                None => self.render(&Rejection::new(Reason::BatchFailed), asked),
            },
            BatchError::Failed(_) => self.render(&Rejection::new(Reason::BatchFailed), asked),
        };
        // It has reached the service, whose failure it is.
        response.extensions_mut().remove::<Rejected>();
        response.map(ResponseBody::full)
    }

    fn render(&self, rejection: &Rejection, asked: &Asked) -> Response<Bytes> {
        match asked {
            Asked::Plainly => rejection.response_to(false),
            Asked::ByGrpc => rejection.response_to(true),
            Asked::With(parts) => {
                rejection.response_by(self.on_reject.as_ref(), &Head::from(&**parts))
            }
        }
    }

    fn refused(&self, refusal: Refusal) -> Rejection {
        let batch = &*self.batch;
        tracing::debug!(batch, "request rejected: {refusal}");
        match refusal {
            Refusal::Full { retry_after } => Rejection::new(Reason::Overloaded)
                .retry_after(if retry_after.is_zero() { UNKNOWN } else { retry_after })
                .detail("too many requests wait for their turn"),
            Refusal::TooHeavy { weight, max } => Rejection::new(Reason::TooLarge)
                .detail(format!("the request weighs {weight}, and may weigh {max}")),
            Refusal::Closed => {
                Rejection::new(Reason::Overloaded).detail("no more requests are taken")
            }
            Refusal::NoRuntime => {
                tracing::error!(batch, "{refusal}");
                Rejection::new(Reason::BatchFailed)
            }
        }
    }
}

impl Unread {
    /// What a client is told whose body may have `most` bytes.
    pub(super) fn rejection(self, most: usize) -> Rejection {
        match self {
            Self::TooLarge => Rejection::new(Reason::TooLarge)
                .detail(format!("the body of the request may have {most} bytes")),
            Self::Broken => Rejection::new(Reason::BrokenBody),
            Self::Slow => Rejection::new(Reason::SlowBody),
        }
    }
}

impl<R, E> fmt::Debug for Answering<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answering").field("batch", &self.batch).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
