use crate::{
    fingerprint::{Seen, names_fields, tells_of_body},
    head::Head,
};

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
    (!is_query && tells_of_body(head.headers)).then_some("request-body")
}
