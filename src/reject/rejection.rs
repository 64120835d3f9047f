#[cfg(any(feature = "_limit", feature = "batch"))]
use std::sync::Arc;
use std::{borrow::Cow, time::Duration};

use bytes::Bytes;
#[cfg(any(feature = "_limit", feature = "batch"))]
use http::header::RETRY_AFTER;
use http::{Extensions, Response, StatusCode};

use super::{grpc, http as plain};
use crate::head::Head;

/// A request that a layer does not let through: why, and when it may come again.
///
/// ```
/// use std::time::Duration;
/// use http::{Request, StatusCode};
/// use tower_weir::{head::Head, reject::{Reason, Rejection}};
///
/// let rejection = Rejection::new(Reason::QuotaExceeded).retry_after(Duration::from_millis(1_200));
/// let response = rejection.response(&Head::of(&Request::new(())));
/// assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
/// assert_eq!(response.headers()["retry-after"], "2");
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Rejection {
    reason: Reason,
    retry_after: Option<Duration>,
    detail: Cow<'static, str>,
    violated: Vec<Cow<'static, str>>,
    grpc_code: Option<i32>,
}

/// Why a request was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// It would exceed a quota: 429 Too Many Requests, gRPC `RESOURCE_EXHAUSTED`.
    QuotaExceeded,
    /// It carries no key to be counted for: 400 Bad Request, gRPC `INVALID_ARGUMENT`.
    MissingKey,
    /// What it owes is kept elsewhere, and that cannot be asked now: 503 Service Unavailable, gRPC `UNAVAILABLE`.
    QuotaUnknown,
    /// Whoever it is from may not come at all: 403 Forbidden, gRPC `PERMISSION_DENIED`.
    Denied,
    /// As many requests are under way as may be, and it could not wait: 503 Service Unavailable, gRPC `UNAVAILABLE`.
    Overloaded,
    /// The service fails, and is left alone for a while: 503 Service Unavailable, gRPC `UNAVAILABLE`.
    CircuitOpen,
    /// It wants a stored response or none, and there is none: 504 Gateway Timeout, gRPC `UNAVAILABLE`.
    NotCached,
    /// It waited for the answer to another request like it, and that failed: 502 Bad Gateway, gRPC `UNAVAILABLE`.
    CallFailed,
    /// It is larger than may be: 413 Content Too Large, gRPC `RESOURCE_EXHAUSTED`.
    TooLarge,
    /// Its body broke off: 400 Bad Request, gRPC `INVALID_ARGUMENT`.
    BrokenBody,
    /// Its body took too long to arrive: 408 Request Timeout, gRPC `DEADLINE_EXCEEDED`.
    SlowBody,
    /// It was served together with others, and that failed for all of them, or it failed by itself: 500 Internal Server Error,
    /// gRPC `INTERNAL`.
    BatchFailed,
}

/// What answers rejected requests instead of [`Rejection::response`].
#[cfg(any(feature = "_limit", feature = "batch"))]
pub(crate) type Render = Arc<dyn Fn(&Rejection, &Head<'_>) -> Response<Bytes> + Send + Sync>;

/// What a user's `on_reject` is kept as, whatever its body is made of.
#[cfg(any(feature = "_limit", feature = "batch"))]
pub(crate) fn rendered_by<R: Into<Bytes>>(
    render: impl Fn(&Rejection, &Head<'_>) -> Response<R> + Send + Sync + 'static,
) -> Render {
    Arc::new(move |rejection, head| render(rejection, head).map(R::into))
}

/// The mark of a response that a layer made itself: the request was turned away, and did not reach the service inside.
///
/// ```
/// use http::{Request, Response};
/// use tower_weir::{head::Head, reject::{Reason, Rejected, Rejection}};
///
/// let response = Rejection::new(Reason::CircuitOpen).response(&Head::of(&Request::new(())));
/// assert!(Rejected::is_on(&response));
/// ```
///
/// It is an extension of the response, and does not go over the wire. In front of a client it tells that nothing was sent, so
/// that the request may be sent again whatever it does. Layers that learn from answers pass over such: what one turns away
/// says nothing of the service behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejected;

impl Rejected {
    /// Marks a response, by its extensions. It has no size, so that nothing is allocated for it where there are extensions.
    pub(crate) fn mark(extensions: &mut Extensions) {
        extensions.insert(Self);
    }

    /// Whether a response is marked.
    #[inline]
    pub fn is_on<B>(response: &Response<B>) -> bool {
        response.extensions().get::<Self>().is_some()
    }
}

impl Reason {
    /// The HTTP status of such a rejection.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::QuotaExceeded => StatusCode::TOO_MANY_REQUESTS,
            Self::MissingKey => StatusCode::BAD_REQUEST,
            Self::Denied => StatusCode::FORBIDDEN,
            Self::Overloaded | Self::CircuitOpen | Self::QuotaUnknown => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::NotCached => StatusCode::GATEWAY_TIMEOUT,
            Self::CallFailed => StatusCode::BAD_GATEWAY,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BrokenBody => StatusCode::BAD_REQUEST,
            Self::SlowBody => StatusCode::REQUEST_TIMEOUT,
            Self::BatchFailed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The gRPC status code of such a rejection.
    pub const fn grpc_code(self) -> i32 {
        match self {
            Self::QuotaExceeded | Self::TooLarge => 8,
            Self::MissingKey | Self::BrokenBody => 3,
            Self::SlowBody => 4,
            Self::BatchFailed => 13,
            Self::Denied => 7,
            Self::Overloaded
            | Self::CircuitOpen
            | Self::QuotaUnknown
            | Self::NotCached
            | Self::CallFailed => 14,
        }
    }

    const fn default_detail(self) -> &'static str {
        match self {
            Self::QuotaExceeded => "too many requests",
            Self::MissingKey => "the request does not say who it is from",
            Self::QuotaUnknown => "it cannot be told now whether there are too many requests",
            Self::Denied => "requests from there are not served",
            Self::Overloaded => "too many requests are under way",
            Self::CircuitOpen => "the service fails and is left alone for a while",
            Self::NotCached => {
                "nothing is stored that would do, and the request wants nothing else"
            }
            Self::CallFailed => "the call that this request waited for failed",
            Self::TooLarge => "the request is larger than may be",
            Self::BrokenBody => "the body of the request broke off",
            Self::SlowBody => "the body of the request took too long to arrive",
            Self::BatchFailed => "the request could not be served",
        }
    }
}

impl Rejection {
    /// A rejection that says nothing but why.
    pub fn new(reason: Reason) -> Self {
        let detail = Cow::Borrowed(reason.default_detail());
        Self { reason, retry_after: None, detail, violated: Vec::new(), grpc_code: None }
    }

    /// Says after what time the same request could pass. Without it the request cannot pass as it is.
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// Says to people what happened, in a sentence.
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Names a policy that the request would violate.
    pub fn violates(mut self, policy: impl Into<Cow<'static, str>>) -> Self {
        self.violated.push(policy.into());
        self
    }

    /// Says `RESOURCE_EXHAUSTED` to gRPC, whatever the reason.
    ///
    /// Many clients send a request again on `UNAVAILABLE`, as gRPC's service configs suggest, and few on this.
    pub fn resource_exhausted(mut self) -> Self {
        self.grpc_code = Some(Reason::QuotaExceeded.grpc_code());
        self
    }

    /// The code that gRPC gets: [`Reason::grpc_code`], unless another was set.
    pub fn grpc_code(&self) -> i32 {
        self.grpc_code.unwrap_or(self.reason.grpc_code())
    }

    /// Why.
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// After what time the same request could pass; `None` if it never can.
    pub const fn retry_delay(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The sentence for people.
    pub fn message(&self) -> &str {
        &self.detail
    }

    /// The names of the policies that the request would violate.
    pub fn violated_policies(&self) -> impl ExactSizeIterator<Item = &str> {
        self.violated.iter().map(|name| &**name)
    }

    /// What `Retry-After` says: the delay in whole seconds, rounded up, so that whoever waits that long is not early, and at
    /// least 1, since 0 would invite a busy loop.
    pub fn retry_after_secs(&self) -> Option<u64> {
        let delay = self.retry_after?;
        Some((delay.as_secs().saturating_add(u64::from(delay.subsec_nanos() > 0))).max(1))
    }

    /// The answer to the request with this head: to gRPC in trailers only, to others with a status and a problem document.
    ///
    /// - **HTTP**: [`Reason::status`], `Retry-After` in whole seconds, at least 1 (RFC 9110 section 10.2.3), and a body of type
    ///   `application/problem+json` (RFC 9457).
    /// - **gRPC**, which is a content type of `application/grpc` or one beginning with `application/grpc+` or
    ///   `application/grpc;`: HTTP 200, `grpc-status`, `grpc-message`, `grpc-retry-pushback-ms` (gRFC A6) and
    ///   `grpc-status-details-bin` with `RetryInfo` and `QuotaFailure`.
    ///
    /// Either carries [`Rejected`] among its extensions.
    pub fn response(&self, head: &Head<'_>) -> Response<Bytes> {
        self.response_to(grpc::is_grpc(head.headers))
    }

    /// The answer to gRPC, or to others.
    pub(crate) fn response_to(&self, is_grpc: bool) -> Response<Bytes> {
        let mut response = if is_grpc { grpc::response(self) } else { plain::response(self) };
        Rejected::mark(response.extensions_mut());
        response
    }

    /// The answer that `render` gives, if there is one.
    #[cfg(any(feature = "_limit", feature = "batch"))]
    pub(crate) fn response_by(&self, render: Option<&Render>, head: &Head<'_>) -> Response<Bytes> {
        let Some(render) = render else { return self.response(head) };
        let mut response = render(self, head);
        // Whatever it answers, the client is told when to come back. (gRPC clients are by its status details.)
        if let Some(seconds) = self.retry_after_secs()
            && !grpc::is_grpc(head.headers)
        {
            response.headers_mut().entry(RETRY_AFTER).or_insert(seconds.into());
        }
        Rejected::mark(response.extensions_mut());
        response
    }
}
