use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Request, Response,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
    request::Parts,
};
use http_body::Body;
use pin_project::pin_project;

use super::{
    answer::Asked,
    read::{Read, RequestTrailers, Unread, Whole},
    service::Terms,
};
use crate::{
    batch::{Batcher, Load},
    body::ResponseBody,
    clock::Timestamp,
    deadline::Deadline,
    error::BoxError,
    head::Head,
};

/// The future of [`HttpBatched`](super::HttpBatched): reads the body, then waits for the answer.
///
/// # Cancel safety
///
/// Dropped while it reads, nothing has entered the queue. After that the request leaves the queue, unless its batch has been
/// sent.
#[pin_project]
pub struct ResponseFuture<B, R, E = Infallible> {
    #[pin]
    stage: Stage<B, R, E>,
    terms: Arc<Terms<R, E>>,
}

#[expect(
    clippy::large_enum_variant,
    reason = "every request is read: a box would save nobody anything"
)]
#[pin_project(project = StageProjection, project_replace = StageOwned)]
enum Stage<B, R, E> {
    Reads {
        #[pin]
        body: Read<B>,
        parts: Parts,
        until: Option<Timestamp>,
        /// Keeps the queue open until the request is in it.
        batcher: Batcher<Request<Bytes>, Response<R>, E>,
    },
    Waits {
        load: Load<Request<Bytes>, Response<R>, E>,
        asked: Asked,
    },
    Done,
}

impl<B, R, E> ResponseFuture<B, R, E> {
    pub(super) fn new(
        request: Request<B>,
        batcher: Batcher<Request<Bytes>, Response<R>, E>,
        terms: Arc<Terms<R, E>>,
    ) -> Self {
        let (parts, body) = request.into_parts();
        let (until, patience) = terms.intake.patience(&Head::from(&parts));
        let body = Read::new(body, terms.intake.max_body_bytes, patience);
        Self { stage: Stage::Reads { body, parts, until, batcher }, terms }
    }
}

impl<B, R, E> Future for ResponseFuture<B, R, E>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response<ResponseBody<R>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let StageProjection::Reads { body, .. } = this.stage.as_mut().project() {
            let read = ready!(body.poll(cx));
            if let StageOwned::Reads { parts, until, batcher, .. } =
                this.stage.as_mut().project_replace(Stage::Done)
            {
                match this.terms.in_time(read, until) {
                    Ok(whole) => {
                        let asked = this.terms.answering.asked(&parts);
                        let load = batcher.load(whole.request(parts, until));
                        this.stage.set(Stage::Waits { load, asked });
                    }
                    Err(unread) => {
                        let rejection = unread.rejection(this.terms.intake.max_body_bytes);
                        let answer = this.terms.answering.reject(&rejection, &Head::from(&parts));
                        return Poll::Ready(Ok(answer.map(ResponseBody::full)));
                    }
                }
            }
        }
        let StageProjection::Waits { load, asked } = this.stage.as_mut().project() else {
            // Polled after completion, which the contract of `Future` leaves open.
            return Poll::Pending;
        };
        let outcome = ready!(Pin::new(load).poll(cx));
        let answer = this.terms.answering.answer(outcome, asked);
        this.stage.set(Stage::Done);
        Poll::Ready(Ok(answer))
    }
}

impl<R, E> Terms<R, E> {
    /// A request that came too late is not worth a place in a batch, however it came about.
    fn in_time(
        &self,
        read: Result<Whole, Unread>,
        until: Option<Timestamp>,
    ) -> Result<Whole, Unread> {
        match until {
            Some(until) if read.is_ok() && self.intake.is_over(until) => Err(Unread::Slow),
            _ => read,
        }
    }
}

impl Whole {
    /// The request as the service sees it.
    fn request(self, mut parts: Parts, until: Option<Timestamp>) -> Request<Bytes> {
        if let Some(until) = until {
            // What says for how long it is worth answering was read when the head came, which is some time ago by now.
            parts.extensions.insert(Deadline(until));
        }
        if let Some(trailers) = self.trailers {
            parts.extensions.insert(RequestTrailers(trailers));
        }
        describe(&self.content, &mut parts.headers);
        Request::from_parts(parts, self.content)
    }
}

/// Takes out of the fields how the body was framed, where it is not any more: whoever sends the request on would tell of two
/// lengths (RFC 9112 section 6.3).
fn describe(content: &Bytes, headers: &mut HeaderMap) {
    headers.remove(TRANSFER_ENCODING);
    let is_length = |line: &HeaderValue| {
        // A number may be read with a sign, a length may not.
        let is_digits = line.as_bytes().iter().all(u8::is_ascii_digit);
        is_digits && line.to_str().is_ok_and(|digits| digits.parse() == Ok(content.len()))
    };
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    if lengths.next().is_some_and(|first| !is_length(first) || lengths.next().is_some()) {
        headers.remove(CONTENT_LENGTH);
    }
}

impl<B, R, E> fmt::Debug for ResponseFuture<B, R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.stage {
            Stage::Reads { .. } => "ResponseFuture(reads)",
            Stage::Waits { .. } => "ResponseFuture(waits)",
            Stage::Done => "ResponseFuture(done)",
        })
    }
}
