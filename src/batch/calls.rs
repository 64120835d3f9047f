//! Functions as services of batches.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use tower_service::Service;

use crate::error::BoxError;

/// What a function that serves a batch returns: one answer for each item, in their order; or a failure of them all.
pub trait Answers: Send + 'static {
    /// The answer to an item.
    type Res: Send + 'static;
    /// The error of one item.
    type Error: Send + 'static;

    /// The answers, or why there are none.
    ///
    /// # Errors
    ///
    /// If the batch failed as a whole.
    #[expect(clippy::type_complexity, reason = "a name for it would hide what it is")]
    fn into_answers(self) -> Result<Vec<Result<Self::Res, Self::Error>>, BoxError>;
}

impl<Res: Send + 'static, E: Send + 'static> Answers for Vec<Result<Res, E>> {
    type Res = Res;
    type Error = E;

    fn into_answers(self) -> Result<Self, BoxError> {
        Ok(self)
    }
}

impl<Res, E, F> Answers for Result<Vec<Result<Res, E>>, F>
where
    Res: Send + 'static,
    E: Send + 'static,
    F: Into<BoxError> + Send + 'static,
{
    type Res = Res;
    type Error = E;

    fn into_answers(self) -> Result<Vec<Result<Res, E>>, BoxError> {
        self.map_err(Into::into)
    }
}

/// A service that calls clones of a function: so the function may be an `async move` closure that has captured something, which
/// can be called but once.
#[derive(Clone)]
pub(super) struct Calls<F>(F);

impl<F> Calls<F> {
    pub(super) fn new(function: F) -> Self {
        Self(function)
    }
}

impl<F, Fut, B> Service<B> for Calls<F>
where
    F: FnOnce(B) -> Fut + Clone,
    Fut: Future + Send + 'static,
    Fut::Output: Answers,
{
    type Response = Vec<Result<<Fut::Output as Answers>::Res, <Fut::Output as Answers>::Error>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, batch: B) -> Self::Future {
        let answers = self.0.clone()(batch);
        Box::pin(async { answers.await.into_answers() })
    }
}

impl<F> fmt::Debug for Calls<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Calls")
    }
}
