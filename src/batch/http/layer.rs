use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use super::{AnswerErrors, HttpBatched, ItemErrors, LogErrors, answer::Answering, service::Intake};
use crate::{
    batch::{
        Answers, BatchLayer, Duplicates, KeepDuplicates, Partition, Unpartitioned, calls::Calls,
    },
    deadline::deadline,
    error::BoxError,
    head::Head,
    reject::{Rejection, Render, rendered_by},
};

/// A [`BatchLayer`] for HTTP and gRPC: [`BatchLayer::http`].
///
/// Of a service of `Vec<Request<Bytes>>` it makes one of `Request<B>`, for any body `B`, whose error is `Infallible`.
///
/// Each service that it makes has a queue of its own, which the clones of the service share: make it once, and give its clones
/// to the routes.
pub struct HttpBatchLayer<P = Unpartitioned, D = KeepDuplicates, F = LogErrors> {
    batches: BatchLayer<Request<Bytes>, P, D>,
    intake: Intake,
    errors: F,
    on_reject: Option<Render>,
}

impl<P, D> BatchLayer<Request<Bytes>, P, D> {
    /// Batches HTTP requests: the bodies are read, errors become responses, and what it makes goes wherever a service of HTTP
    /// requests goes: into axum's `route_service`, into tonic, into hyper.
    ///
    /// ```
    /// use axum::{Router, body::{Body, Bytes}, http::{Request, Response}};
    /// use tower_weir::batch::BatchLayer;
    ///
    /// let events = BatchLayer::new().max_size(500).http().service_fn(async |events: Vec<Request<Bytes>>| {
    ///     // One INSERT for all of them, then an answer for each.
    ///     events.iter().map(|event| Response::new(Body::from(format!("{} bytes\n", event.body().len())))).collect::<Vec<_>>()
    /// });
    /// let app: Router = Router::new().route_service("/events", events);
    /// ```
    ///
    /// All settings of the batches come before this call, as they see whole requests:
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http::Request;
    /// use tower_weir::batch::BatchLayer;
    ///
    /// let layer = BatchLayer::new()
    ///     .max_weight(1 << 20, |request: &Request<Bytes>| request.body().len() as u64)
    ///     .partition_by(|request| request.headers().get("x-tenant").cloned())
    ///     .http();
    /// ```
    ///
    /// # What the service sees
    ///
    /// Requests as they came, with the whole body; header fields and extensions are what they were, but for
    /// `Transfer-Encoding`, which the body has none of any more, and a `Content-Length` that contradicts it. There may be one
    /// or two more extensions: [`RequestTrailers`](crate::batch::RequestTrailers), and the
    /// [`Deadline`](crate::deadline::Deadline).
    ///
    /// A gRPC request is framed as it was sent: each message has five bytes before it, which say whether it is compressed and
    /// how long it is (gRPC over HTTP/2, "Length-Prefixed-Message"). The answer must be framed likewise, and end in trailers
    /// with `grpc-status`. Only unary calls can be batched, as the whole body is waited for. Where tonic has generated the
    /// service, a [`Batcher`](crate::batch::Batcher) inside of its methods is simpler: there messages are decoded.
    ///
    /// # What clients are told
    ///
    /// | what happens | HTTP | gRPC |
    /// |---|---|---|
    /// | the body is [too large](HttpBatchLayer::max_body_bytes) | 413 | `RESOURCE_EXHAUSTED` |
    /// | the body takes [too long](HttpBatchLayer::max_body_wait), or the request is there only after its deadline | 408 | `DEADLINE_EXCEEDED` |
    /// | the body breaks off | 400 | `INVALID_ARGUMENT` |
    /// | the queue is full | 503 with `Retry-After` | `UNAVAILABLE` with `RetryInfo` |
    /// | the request is [too heavy](BatchLayer::max_weight) | 413 | `RESOURCE_EXHAUSTED` |
    /// | the queue is closed | 503 | `UNAVAILABLE` |
    /// | the batch fails, or there is no runtime | 500 | `INTERNAL` |
    /// | the request has an error of its own | 500, or [what you say](HttpBatchLayer::on_error) | `INTERNAL`, or what you say |
    ///
    /// Of failures clients learn no more than that; the log has the rest. What has not reached the service is marked
    /// [`Rejected`](crate::reject::Rejected); what it failed at is not.
    ///
    /// # Deadlines
    ///
    /// Unless [`deadline_by`](BatchLayer::deadline_by) was called, a request is worth answering for as long as its
    /// `grpc-timeout` or the extension [`Deadline`](crate::deadline::Deadline) say, counted from the arrival of its head: its
    /// body may take no longer, and its batch does not wait for others that long. What comes when its time is over enters no
    /// batch.
    pub fn http(mut self) -> HttpBatchLayer<P, D> {
        let deadlines = self.settings.deadline.is_none().then(|| self.settings.clock.clone());
        if deadlines.is_some() {
            self.settings.deadline =
                Some(Arc::new(|request, now| deadline(&Head::of(request), now)));
        }
        let max_body_wait = Duration::from_secs(5);
        let intake = Intake { max_body_bytes: 64 << 10, max_body_wait, deadlines };
        HttpBatchLayer { batches: self, intake, errors: LogErrors, on_reject: None }
    }
}

impl<P, D, F> HttpBatchLayer<P, D, F> {
    /// Takes bodies of no more than so many bytes; 64 KiB by default. Larger ones are rejected, unread if they say so
    /// beforehand.
    ///
    /// The bodies of all requests that [wait](BatchLayer::max_waiting) are in memory, and what has come of those that are being
    /// read, which are as many as the server lets in.
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.intake.max_body_bytes = bytes;
        self
    }

    /// Rejects requests whose body is not there after `time`; 5 seconds by default. Outside of a tokio runtime nothing is
    /// timed.
    pub fn max_body_wait(mut self, time: Duration) -> Self {
        self.intake.max_body_wait = time;
        self
    }

    /// Answers the [errors of single requests](crate::batch::BatchError::Item) as `answer` does, instead of logging them and
    /// telling the client nothing.
    ///
    /// ```
    /// use axum::{body::{Body, Bytes}, http::{Request, Response, StatusCode}, response::IntoResponse};
    /// use tower_weir::batch::BatchLayer;
    ///
    /// struct NoSuchUser;
    ///
    /// impl IntoResponse for NoSuchUser {
    ///     fn into_response(self) -> Response<Body> {
    ///         StatusCode::NOT_FOUND.into_response()
    ///     }
    /// }
    ///
    /// let users = BatchLayer::new().http().on_error(NoSuchUser::into_response).service_fn(
    ///     async |asked: Vec<Request<Bytes>>| {
    ///         asked.iter().map(|asked| match asked.uri().path() {
    ///             "/users/ann" => Ok(Response::new(Body::from("Ann"))),
    ///             _ => Err(NoSuchUser),
    ///         }).collect::<Vec<_>>()
    ///     },
    /// );
    /// # let _: axum::Router = axum::Router::new().route_service("/users/{name}", users);
    /// ```
    ///
    /// In tonic it is `Status::into_http`.
    pub fn on_error<E, R>(
        self,
        answer: impl Fn(E) -> Response<R> + Send + Sync + 'static,
    ) -> HttpBatchLayer<P, D, AnswerErrors<E, R>> {
        let Self { batches, intake, on_reject, .. } = self;
        HttpBatchLayer { batches, intake, errors: AnswerErrors::new(answer), on_reject }
    }

    /// Answers with `render` instead of [`Rejection::response`] where a request is rejected, or all of its batch failed, or it
    /// did by itself and no [other answer](Self::on_error) was given.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http::{Request, Response};
    /// use tower_weir::batch::BatchLayer;
    ///
    /// let layer = BatchLayer::<Request<Bytes>>::new().http().on_reject(|rejection, _| {
    ///     let mut response = Response::new("Not now, please.\n");
    ///     *response.status_mut() = rejection.reason().status();
    ///     response
    /// });
    /// ```
    ///
    /// `Retry-After` ([`Rejection::retry_after_secs`]) is added to its answer unless the request is gRPC. For such requests
    /// begin with [`Rejection::response`] and change its headers.
    ///
    /// The head of each request is copied for it, as the request itself belongs to its batch by then.
    pub fn on_reject<R>(
        mut self,
        render: impl Fn(&Rejection, &Head<'_>) -> Response<R> + Send + Sync + 'static,
    ) -> Self
    where
        R: Into<Bytes>,
    {
        self.on_reject = Some(rendered_by(render));
        self
    }

    /// Batches calls of a function instead of a service.
    ///
    /// It returns a response for each request, in their order: a `Vec<Response<R>>`, a `Vec<Result<Response<R>, E>>` if single
    /// requests may fail, or a `Result` of one of these if the call may fail as a whole.
    ///
    /// See [`BatchLayer::http`] for an example.
    pub fn service_fn<C, Fut, R>(
        self,
        function: C,
    ) -> HttpBatched<R, <Fut::Output as Answers>::Error>
    where
        C: FnOnce(P::Batch) -> Fut + Clone + Send + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: Answers<Res = Response<R>>,
        P: Partition<Request<Bytes>>,
        D: Duplicates<Result<Response<R>, <Fut::Output as Answers>::Error>>,
        F: ItemErrors<<Fut::Output as Answers>::Error, R>,
        R: Send + 'static,
    {
        self.layer(Calls::new(function))
    }
}

impl<S, P, D, F, R, E> Layer<S> for HttpBatchLayer<P, D, F>
where
    S: Service<P::Batch, Response = Vec<Result<Response<R>, E>>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    P: Partition<Request<Bytes>>,
    D: Duplicates<Result<Response<R>, E>>,
    F: ItemErrors<E, R>,
    R: Send + 'static,
    E: Send + 'static,
{
    type Service = HttpBatched<R, E>;

    fn layer(&self, inner: S) -> HttpBatched<R, E> {
        let batch = self.batches.settings.name.clone();
        let errors = self.errors.clone();
        let on_error = Box::new(move |error, batch: &str| errors.answer(error, batch));
        let answering = Answering { batch, on_error, on_reject: self.on_reject.clone() };
        HttpBatched::new(self.batches.layer(inner), self.intake.clone(), answering)
    }
}

impl<P: Clone, D: Copy, F: Clone> Clone for HttpBatchLayer<P, D, F> {
    fn clone(&self) -> Self {
        Self {
            batches: self.batches.clone(),
            intake: self.intake.clone(),
            errors: self.errors.clone(),
            on_reject: self.on_reject.clone(),
        }
    }
}

impl<P: fmt::Debug, D, F: fmt::Debug> fmt::Debug for HttpBatchLayer<P, D, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpBatchLayer")
            .field("batches", &self.batches)
            .field("intake", &self.intake)
            .field("errors", &self.errors)
            .finish_non_exhaustive()
    }
}
