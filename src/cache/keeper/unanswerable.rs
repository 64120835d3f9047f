use http::{
    HeaderMap,
    header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING},
};

use crate::{cache::fingerprint::Seen, head::Head};

/// Why a request cannot be answered from what is stored, whatever that is.
pub(super) fn unanswerable(head: &Head<'_>, seen: Seen, is_query: bool) -> Option<&'static str> {
    if seen.has(Seen::PRECONDITION) {
        return Some("precondition");
    }
    if seen.has(Seen::UPGRADE) {
        return Some("upgrade");
    }
    if seen.has(Seen::CONNECTION) && names_fields(head.headers) {
        return Some("connection-fields");
    }
    (!is_query && has_body(head.headers)).then_some("request-body")
}

/// Whether `Connection` names fields that a service may take out of the request before it answers, though what is stored would be
/// chosen by them (Davison, "Abusing HTTP hop-by-hop request headers", 2019).
fn names_fields(headers: &HeaderMap) -> bool {
    let is_harmless = |option: &[u8]| {
        let option = option.trim_ascii();
        let known: [&[u8]; 6] =
            [b"keep-alive", b"close", b"te", b"upgrade", b"http2-settings", b""];
        known.iter().any(|known| option.eq_ignore_ascii_case(known))
    };
    let mut lines = headers.get_all(CONNECTION).iter();
    lines.any(|line| !line.as_bytes().split(|byte| *byte == b',').all(is_harmless))
}

/// Whether the fields of a request tell of a body.
fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING)
        || headers.get_all(CONTENT_LENGTH).iter().any(|length| length != "0")
}
