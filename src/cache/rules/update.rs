use http::{
    HeaderMap, HeaderName,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, DATE, ETAG, Entry, LAST_MODIFIED},
};

use super::{EntityTag, HttpDate, fields};

/// Digests of the content or the representation (RFC 9530, RFC 3230).
pub(super) const DIGESTS: [HeaderName; 3] = [
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
    HeaderName::from_static("digest"),
];

pub(super) const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");

/// Whether a 304 to a request that [`revalidate`](super::revalidate) made is about the stored response it was made for (RFC
/// 9111 section 4.3.4).
///
/// A strong tag must be the same. If there is none, a weak one must be, or the `Last-Modified`. A 304 without any of these can
/// only be about the response whose validators were sent. If it is about another one, it must not be used: the whole is to
/// be asked for.
pub fn selects(stored: &HeaderMap, not_modified: &HeaderMap) -> bool {
    let held = EntityTag::of(stored);
    match EntityTag::of(not_modified) {
        Some(tag) if !tag.is_weak() => held.is_some_and(|held| held.strongly_equals(tag)),
        Some(tag) => {
            held.map_or_else(|| same_date(stored, not_modified), |held| held.weakly_equals(tag))
        }
        None if not_modified.contains_key(LAST_MODIFIED) => same_date(stored, not_modified),
        None => !not_modified.contains_key(ETAG),
    }
}

fn same_date(stored: &HeaderMap, not_modified: &HeaderMap) -> bool {
    let (new, held) = (not_modified.get(LAST_MODIFIED), stored.get(LAST_MODIFIED));
    new.is_some() && new == held
}

/// The fields of a stored response after a 304, or the answer to a HEAD, was received for it (RFC 9111 section 3.2).
///
/// Each field of the new response replaces all of that name. Left as they are stored: what describes the bytes of the content,
/// which have not changed, and the `ETag` that is held. The fields of the connection are not taken over. The `Date` is that
/// of the new response, or else when it came, and `Age` is its own: the fields are what
/// [`Freshness::of`](super::Freshness::of) is to see, and [`storable_fields`](super::storable_fields) after that.
pub fn updated(stored: &HeaderMap, newer: &HeaderMap, received: HttpDate) -> HeaderMap {
    let tagged = stored.contains_key(ETAG);
    let left_out = |name: &HeaderName| {
        [CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_MD5].contains(name)
            || DIGESTS.contains(name)
            || (tagged && name == ETAG)
            || fields::is_connection_field(name)
            || fields::is_nominated(newer, name)
    };
    let mut fields = stored.clone();
    fields.remove(DATE);
    for name in newer.keys().filter(|name| !left_out(name)) {
        for (at, value) in newer.get_all(name).iter().enumerate() {
            if at == 0 {
                fields.insert(name, value.clone());
            } else {
                fields.append(name, value.clone());
            }
        }
    }
    if let Entry::Vacant(date) = fields.entry(DATE) {
        date.insert(received.to_value());
    }
    fields
}
