//! What clients are told of errors of single requests.

use std::{fmt, sync::Arc};

use http::Response;

/// How the [errors of single requests](crate::batch::BatchError::Item) are answered.
///
/// [`LogErrors`] does it unless [`HttpBatchLayer::on_error`](super::HttpBatchLayer::on_error) said otherwise.
pub trait ItemErrors<E, R>: sealed::Sealed + Clone + Send + Sync + 'static {
    /// The answer; `None` for one that tells nothing.
    fn answer(&self, error: E, batch: &str) -> Option<Response<R>>;
}

/// Logs them. Clients get a 500, gRPC's `INTERNAL`, which tells nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogErrors;

/// Answers them as a function does.
pub struct AnswerErrors<E, R>(Arc<dyn Fn(E) -> Response<R> + Send + Sync>);

impl<E, R> AnswerErrors<E, R> {
    pub(super) fn new(answer: impl Fn(E) -> Response<R> + Send + Sync + 'static) -> Self {
        Self(Arc::new(answer))
    }
}

impl<E: fmt::Display, R> ItemErrors<E, R> for LogErrors {
    fn answer(&self, error: E, batch: &str) -> Option<Response<R>> {
        tracing::error!(batch, %error, "a request of a batch failed");
        None
    }
}

impl<E: 'static, R: 'static> ItemErrors<E, R> for AnswerErrors<E, R> {
    fn answer(&self, error: E, _: &str) -> Option<Response<R>> {
        Some((self.0)(error))
    }
}

impl<E, R> Clone for AnswerErrors<E, R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<E, R> fmt::Debug for AnswerErrors<E, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnswerErrors")
    }
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for super::LogErrors {}
    impl<E, R> Sealed for super::AnswerErrors<E, R> {}
}
