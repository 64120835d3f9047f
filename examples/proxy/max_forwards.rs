//! TRACE and OPTIONS for a proxy on the way (RFC 9110, section 7.6.2).

use std::fmt::Write;

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Method, Request, Response,
    header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, MAX_FORWARDS, PROXY_AUTHORIZATION},
};
use http_body_util::Full;

/// Not to be shown to whoever can read the answer to a TRACE (RFC 9110, section 9.3.8).
const SENSITIVE: [HeaderName; 3] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION];

/// Counts the request down. If it is to go no further this is its answer.
pub(crate) fn count_down<B>(request: &mut Request<B>) -> Option<Response<Full<Bytes>>> {
    if ![Method::TRACE, Method::OPTIONS].contains(request.method()) {
        return None;
    }
    let left: u64 = request.headers().get(MAX_FORWARDS)?.to_str().ok()?.parse().ok()?;
    match left.checked_sub(1) {
        Some(left) => {
            request.headers_mut().insert(MAX_FORWARDS, left.into());
            None
        }
        None if request.method() == Method::OPTIONS => Some(Response::default()),
        None => Some(echo(request)),
    }
}

/// The request as it arrived.
fn echo<B>(request: &Request<B>) -> Response<Full<Bytes>> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let mut text = format!("{} {target} {:?}\r\n", request.method(), request.version());
    for (name, value) in request.headers() {
        if !SENSITIVE.contains(name) {
            let _ = write!(text, "{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes()));
        }
    }
    let mut response = Response::new(Full::from(text + "\r\n"));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("message/http"));
    response
}
