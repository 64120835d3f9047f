//! Rejections for gRPC: trailers only, that is HTTP 200 with the status among the headers and no body.
//!
//! The details follow `google/rpc/status.proto` and `google/rpc/error_details.proto` (the richer error model).

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, header::CONTENT_TYPE};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use prost::Message;
use prost_types::Any;

use super::{Reason, Rejection};

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const GRPC_STATUS_DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
const GRPC_RETRY_PUSHBACK: HeaderName = HeaderName::from_static("grpc-retry-pushback-ms");

/// What `grpc-message` escapes: everything but space to `~`, and `%` (gRPC over HTTP/2, "Responses").
const MESSAGE_ESCAPES: &AsciiSet = &CONTROLS.add(b'%');

/// Whether a request speaks gRPC: `application/grpc`, then the end, `+` or `;`. gRPC-Web (`application/grpc-web`) is not
/// gRPC here: its proxies and clients read HTTP statuses.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    const GRPC: &[u8] = b"application/grpc";
    let Some(content_type) = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes) else {
        return false;
    };
    content_type.split_at_checked(GRPC.len()).is_some_and(|(start, rest)| {
        start.eq_ignore_ascii_case(GRPC) && matches!(rest.first(), None | Some(b'+' | b';'))
    })
}

pub(super) fn response(rejection: &Rejection) -> Response<Bytes> {
    let code = rejection.grpc_code();
    let mut response = Response::new(Bytes::new());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(GRPC_STATUS, HeaderValue::from(code));
    let message = utf8_percent_encode(rejection.message(), MESSAGE_ESCAPES).to_string();
    insert_text(headers, GRPC_MESSAGE, message);
    if let Some(pushback) = pushback(rejection) {
        headers.insert(GRPC_RETRY_PUSHBACK, HeaderValue::from(pushback));
    }
    let details = details(rejection);
    if !details.is_empty() {
        let status = Status { code, message: rejection.message().to_owned(), details };
        let encoded = STANDARD_NO_PAD.encode(status.encode_to_vec());
        insert_text(headers, GRPC_STATUS_DETAILS, encoded);
    }
    response
}

fn insert_text(headers: &mut HeaderMap, name: HeaderName, text: String) {
    // The text is visible ASCII and spaces by now, so this does not fail; if it did, the status would still arrive.
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(name, value);
    }
}

/// Milliseconds until the client may retry, rounded up; -1 tells it not to (gRFC A6, "Pushback").
fn pushback(rejection: &Rejection) -> Option<i32> {
    match (rejection.retry_delay(), rejection.reason()) {
        (Some(delay), _) => {
            let millis = delay.as_nanos().div_ceil(1_000_000);
            Some(i32::try_from(millis).unwrap_or(i32::MAX))
        }
        (None, Reason::QuotaExceeded | Reason::Denied) => Some(-1),
        (None, _) => None,
    }
}

fn details(rejection: &Rejection) -> Vec<Any> {
    let retry = rejection.retry_delay().map(|delay| {
        let retry = RetryInfo { retry_delay: delay.try_into().ok() };
        any("google.rpc.RetryInfo", &retry)
    });
    let violations: Vec<_> = rejection.violated_policies().map(Violation::of).collect();
    let quota = (!violations.is_empty())
        .then(|| any("google.rpc.QuotaFailure", &QuotaFailure { violations }));
    retry.into_iter().chain(quota).collect()
}

fn any(name: &str, message: &impl Message) -> Any {
    Any { type_url: format!("type.googleapis.com/{name}"), value: message.encode_to_vec() }
}

/// `google.rpc.Status`
#[derive(Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// `google.rpc.RetryInfo`
#[derive(Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<prost_types::Duration>,
}

/// `google.rpc.QuotaFailure`
#[derive(Message)]
struct QuotaFailure {
    #[prost(message, repeated, tag = "1")]
    violations: Vec<Violation>,
}

/// `google.rpc.QuotaFailure.Violation`
#[derive(Message)]
struct Violation {
    #[prost(string, tag = "1")]
    subject: String,
    #[prost(string, tag = "2")]
    description: String,
}

impl Violation {
    fn of(policy: &str) -> Self {
        Self { subject: policy.to_owned(), description: "quota exceeded".to_owned() }
    }
}

/// The status code among the header fields or the trailers of a response.
#[cfg(any(
    feature = "cache",
    feature = "circuit-breaker",
    feature = "coalesce",
    feature = "concurrency",
    feature = "profile",
    feature = "rate-limit"
))]
pub(crate) fn grpc_code(fields: &HeaderMap) -> Option<i32> {
    fields.get(GRPC_STATUS)?.to_str().ok()?.parse().ok()
}
