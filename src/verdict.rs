//! What an answer says of the service that gave it.

use std::{fmt, sync::Arc};

use http::{HeaderMap, Response, StatusCode};

use crate::reject::{Rejected, grpc_code, is_grpc};

/// What an answer says of the service that gave it: what adaptive limits and circuit breakers learn from.
///
/// ```
/// use http::StatusCode;
/// use tower_weir::verdict::Verdict;
///
/// assert_eq!(Verdict::of_status(StatusCode::NOT_FOUND), Verdict::ClientError);
/// assert_eq!(Verdict::of_status(StatusCode::BAD_GATEWAY), Verdict::Failure);
/// assert_eq!(Verdict::of_status(StatusCode::SERVICE_UNAVAILABLE), Verdict::Overload);
/// assert_eq!(Verdict::of_grpc_code(8), Verdict::Overload); // RESOURCE_EXHAUSTED
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It did its work.
    Success,
    /// It found that the request was wrong. It is well, but that was often faster than its work, so the time it took says
    /// nothing.
    ClientError,
    /// It could not do its work.
    Failure,
    /// It could not do its work because there was too much of it.
    Overload,
    /// Nothing.
    Ignored,
}

/// An answer as far as a verdict depends on it.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Answer<'a> {
    /// The status. gRPC has 200 for nearly all.
    pub status: StatusCode,
    /// The code of a gRPC answer, from its head or its trailers. `None` if it is none, or ended without.
    pub grpc_code: Option<i32>,
    /// The fields that the verdict came with: those of the head, or the trailers of a gRPC answer.
    pub fields: &'a HeaderMap,
}

impl Verdict {
    /// The verdict on an HTTP status: overload for 429, 503 and 504, failure for all others from 500, client error for all
    /// others from 400.
    pub const fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            429 | 503 | 504 => Self::Overload,
            500.. => Self::Failure,
            400.. => Self::ClientError,
            _ => Self::Success,
        }
    }

    /// The verdict on a gRPC code: overload for `DEADLINE_EXCEEDED`, `RESOURCE_EXHAUSTED` and `UNAVAILABLE`, failure for
    /// `UNKNOWN`, `INTERNAL`, `DATA_LOSS` and what is no code of gRPC's, nothing for `CANCELLED`, client error for all others.
    /// `UNIMPLEMENTED` is among those: clients ask for methods that never were.
    pub const fn of_grpc_code(code: i32) -> Self {
        match code {
            0 => Self::Success,
            1 => Self::Ignored,
            4 | 8 | 14 => Self::Overload,
            3 | 5..=7 | 9..=12 | 16 => Self::ClientError,
            _ => Self::Failure,
        }
    }

    /// The verdict on an answer: by its gRPC code if it has one, or else by its status.
    pub fn of(answer: &Answer<'_>) -> Self {
        answer.grpc_code.map_or(Self::of_status(answer.status), Self::of_grpc_code)
    }
}

/// Comes to a verdict as soon as an answer allows it.
#[derive(Clone, Default)]
pub(crate) struct Judge(Option<Classify>);

type Classify = Arc<dyn Fn(&Answer<'_>) -> Verdict + Send + Sync>;

impl Judge {
    /// By `classify` instead of [`Verdict::of`].
    pub(crate) fn new(classify: impl Fn(&Answer<'_>) -> Verdict + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(classify)))
    }

    /// By the head of an answer; of one that another layer made itself, nothing. `None` if it is one of gRPC whose trailers
    /// will tell.
    #[inline]
    pub(crate) fn head<B>(&self, response: &Response<B>) -> Option<Verdict> {
        if Rejected::is_on(response) {
            return Some(Verdict::Ignored);
        }
        let fields = response.headers();
        // Each field that is looked up takes as long as a decision, so no code is looked for in what is not gRPC.
        let grpc_code = match is_grpc(fields) {
            true => Some(grpc_code(fields)?),
            false => None,
        };
        Some(self.verdict(&Answer { status: response.status(), grpc_code, fields }))
    }

    /// By the trailers of a gRPC answer.
    pub(crate) fn trailers(&self, trailers: &HeaderMap) -> Verdict {
        // A call that ends without a code has failed (gRPC over HTTP/2, "Responses").
        let grpc_code = Some(grpc_code(trailers).unwrap_or(UNKNOWN));
        self.verdict(&Answer { status: StatusCode::OK, grpc_code, fields: trailers })
    }

    #[inline]
    fn verdict(&self, answer: &Answer<'_>) -> Verdict {
        self.0.as_ref().map_or_else(|| Verdict::of(answer), |classify| classify(answer))
    }
}

/// gRPC's code for a call that ended without one.
const UNKNOWN: i32 = 2;

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Judge(custom)" } else { "Judge(default)" })
    }
}

impl fmt::Debug for Answer<'_> {
    /// Without the fields, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("grpc_code", &self.grpc_code)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::header::CONTENT_TYPE;

    use super::*;
    use crate::{
        head::Head,
        reject::{Reason, Rejection},
    };

    #[test]
    fn every_code_of_grpc_has_a_verdict() {
        use Verdict::{ClientError, Failure, Ignored, Overload, Success};
        let expected = [
            Success,     // OK
            Ignored,     // CANCELLED
            Failure,     // UNKNOWN
            ClientError, // INVALID_ARGUMENT
            Overload,    // DEADLINE_EXCEEDED
            ClientError, // NOT_FOUND
            ClientError, // ALREADY_EXISTS
            ClientError, // PERMISSION_DENIED
            Overload,    // RESOURCE_EXHAUSTED
            ClientError, // FAILED_PRECONDITION
            ClientError, // ABORTED
            ClientError, // OUT_OF_RANGE
            ClientError, // UNIMPLEMENTED
            Failure,     // INTERNAL
            Overload,    // UNAVAILABLE
            Failure,     // DATA_LOSS
            ClientError, // UNAUTHENTICATED
            Failure,     // there is none such
        ];
        assert_eq!(std::array::from_fn(|code| Verdict::of_grpc_code(code as i32)), expected);
        assert_eq!(Verdict::of_grpc_code(-1), Failure);
    }

    #[test]
    fn an_answer_of_grpc_is_judged_when_its_code_is_there() {
        let response = |code: Option<i32>| {
            let response = Response::builder().header(CONTENT_TYPE, "application/grpc+proto");
            let response = match code {
                Some(code) => response.header("grpc-status", code),
                None => response,
            };
            response.body(()).unwrap()
        };
        let judge = Judge::default();
        assert_eq!(judge.head(&response(Some(14))), Some(Verdict::Overload));
        assert_eq!(judge.head(&response(None)), None);
        let mut trailers = HeaderMap::new();
        assert_eq!(judge.trailers(&trailers), Verdict::Failure);
        trailers.insert("grpc-status", "0".parse().unwrap());
        assert_eq!(judge.trailers(&trailers), Verdict::Success);
        assert_eq!(judge.head(&Response::new(())), Some(Verdict::Success));
    }

    #[test]
    fn what_a_layer_turned_away_says_nothing_of_the_service() {
        let rejection = Rejection::new(Reason::Overloaded);
        let response = rejection.response(&Head::of(&http::Request::new(())));
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(Judge::new(|_| Verdict::Failure).head(&response), Some(Verdict::Ignored));
    }

    #[test]
    fn one_may_classify_by_oneself() {
        let judge = Judge::new(|answer| {
            if answer.fields.contains_key("x-degraded") {
                Verdict::Failure
            } else {
                Verdict::of(answer)
            }
        });
        let response = Response::builder().header("x-degraded", "yes").body(()).unwrap();
        assert_eq!(judge.head(&response), Some(Verdict::Failure));
        assert_eq!(judge.head(&Response::new(())), Some(Verdict::Success));
    }
}
