use http::{
    HeaderMap, HeaderName, StatusCode,
    header::{CONTENT_LENGTH, ETAG, LAST_MODIFIED},
};

use super::list::{number, trimmed};

/// What the answer to a HEAD means for the stored answer to a GET of the same resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadEffect {
    /// Nothing.
    None,
    /// It is the same: its fields are [`updated`](super::updated).
    Update,
    /// It is another by now, and stale.
    Invalidate,
}

/// What the answer to a HEAD means for a stored 200 with a content of `length` bytes (RFC 9111 section 4.3.5).
pub fn head_effect(
    stored: &HeaderMap,
    length: u64,
    status: StatusCode,
    head: &HeaderMap,
) -> HeadEffect {
    if status != StatusCode::OK {
        return HeadEffect::None;
    }
    let same =
        |name: &HeaderName| head.get(name).is_none_or(|value| stored.get(name) == Some(value));
    let told = head.get(CONTENT_LENGTH).map(|value| number(trimmed(value.as_bytes())));
    if same(&ETAG) && same(&LAST_MODIFIED) && told.is_none_or(|told| told == Some(length)) {
        HeadEffect::Update
    } else {
        HeadEffect::Invalidate
    }
}
