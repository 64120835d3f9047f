//! Rejections for HTTP: a status, `Retry-After` and a problem document.

use bytes::Bytes;
use http::{
    HeaderValue, Response,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use serde::Serialize;

use super::{Reason, Rejection};

/// A problem document (RFC 9457), with the extension member of the problem type quota-exceeded.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(rename = "violated-policies", skip_serializing_if = "Vec::is_empty")]
    violated_policies: Vec<&'a str>,
}

pub(super) fn response(rejection: &Rejection) -> Response<Bytes> {
    let status = rejection.reason().status();
    let (r#type, title) = kind(rejection.reason());
    let problem = Problem {
        r#type,
        title,
        status: status.as_u16(),
        detail: rejection.message(),
        violated_policies: rejection.violated_policies().collect(),
    };
    // Text and numbers always serialise; should that ever fail, the status still says what matters.
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(seconds) = rejection.retry_after_secs() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The problem's type and title.
fn kind(reason: Reason) -> (&'static str, &'static str) {
    match reason {
        // Registered by draft-ietf-httpapi-ratelimit-headers.
        Reason::QuotaExceeded => (
            "https://iana.org/assignments/http-problem-types#quota-exceeded",
            "Request cannot be satisfied as assigned quota has been exceeded",
        ),
        // "about:blank" says no more than the status does (RFC 9457 section 4.2.1).
        Reason::MissingKey => ("about:blank", "Bad Request"),
        Reason::Denied => ("about:blank", "Forbidden"),
        Reason::Overloaded | Reason::CircuitOpen | Reason::QuotaUnknown => {
            ("about:blank", "Service Unavailable")
        }
        Reason::NotCached => ("about:blank", "Gateway Timeout"),
        Reason::CallFailed => ("about:blank", "Bad Gateway"),
        Reason::TooLarge => ("about:blank", "Content Too Large"),
        Reason::BrokenBody => ("about:blank", "Bad Request"),
        Reason::SlowBody => ("about:blank", "Request Timeout"),
        Reason::BatchFailed => ("about:blank", "Internal Server Error"),
    }
}
