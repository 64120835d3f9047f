//! Functions whose answers are all responses: an HTTP handler that has no errors.

use std::convert::Infallible;

use http::Response;

use crate::{batch::Answers, error::BoxError};

impl<R: Send + 'static> Answers for Vec<Response<R>> {
    type Res = Response<R>;
    type Error = Infallible;

    fn into_answers(self) -> Result<Vec<Result<Response<R>, Infallible>>, BoxError> {
        Ok(self.into_iter().map(Ok).collect())
    }
}

impl<R, F> Answers for Result<Vec<Response<R>>, F>
where
    R: Send + 'static,
    F: Into<BoxError> + Send + 'static,
{
    type Res = Response<R>;
    type Error = Infallible;

    fn into_answers(self) -> Result<Vec<Result<Response<R>, Infallible>>, BoxError> {
        self.map_err(Into::into)?.into_answers()
    }
}
