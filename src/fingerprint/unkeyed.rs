use http::{
    HeaderMap, Method, Request,
    header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING},
};
use http_body::Body;

/// Whether a request that should have no body has one that no field tells of, as there may be from HTTP/2 on. A service may
/// build the response from it, and others would get that ("fat GET", Kettle, "Web Cache Entanglement", 2020).
#[inline]
pub(crate) fn has_unkeyed_body<B: Body>(request: &Request<B>) -> bool {
    (request.method() == Method::GET || request.method() == Method::HEAD)
        && !request.body().is_end_stream()
        && request.body().size_hint().exact() != Some(0)
}

/// Whether the fields of a request tell of a body.
pub(crate) fn tells_of_body(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING)
        || headers.get_all(CONTENT_LENGTH).iter().any(|length| length != "0")
}

/// Whether `Connection` names fields that a service may take out of the request before it answers, though requests are told
/// apart by them (Davison, "Abusing HTTP hop-by-hop request headers", 2019).
pub(crate) fn names_fields(headers: &HeaderMap) -> bool {
    let is_harmless = |option: &[u8]| {
        let option = option.trim_ascii();
        let known: [&[u8]; 6] =
            [b"keep-alive", b"close", b"te", b"upgrade", b"http2-settings", b""];
        known.iter().any(|known| option.eq_ignore_ascii_case(known))
    };
    let mut lines = headers.get_all(CONNECTION).iter();
    lines.any(|line| !line.as_bytes().split(|byte| *byte == b',').all(is_harmless))
}
