use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{
        CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, DATE,
        ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE,
        LAST_MODIFIED, RANGE,
    },
};

use super::{
    EntityTag, HttpDate,
    entity_tag::any_tag,
    list::trimmed,
    update::{CONTENT_MD5, DIGESTS},
};

/// Whether a request has a precondition that only an origin can judge: `If-Match` or `If-Unmodified-Since` (RFC 9111 section
/// 4.3.2). It is to be passed on as it is.
pub fn must_forward(request: &HeaderMap) -> bool {
    request.contains_key(IF_MATCH) || request.contains_key(IF_UNMODIFIED_SINCE)
}

/// Whether a stored response that may be used for a request is to be answered with 304, as the client has it already (RFC
/// 9110 section 13.2.2, RFC 9111 section 4.3.2).
///
/// ```
/// use http::{HeaderMap, Method, StatusCode, header::{ETAG, IF_NONE_MATCH}};
/// use tower_weir::cache::rules::{HttpDate, not_modified};
///
/// let stored = HeaderMap::from_iter([(ETAG, r#""v2""#.parse()?)]);
/// let request = HeaderMap::from_iter([(IF_NONE_MATCH, r#""v1", W/"v2""#.parse()?)]);
/// let received = HttpDate::from_unix(1_700_000_000);
/// assert!(not_modified(&Method::GET, &request, StatusCode::OK, &stored, received));
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
///
/// `received` is when the stored response came. It stands for a `Date` that is missing.
pub fn not_modified(
    method: &Method,
    request: &HeaderMap,
    status: StatusCode,
    stored: &HeaderMap,
    received: HttpDate,
) -> bool {
    let none_match = request.contains_key(IF_NONE_MATCH);
    if !none_match && !request.contains_key(IF_MODIFIED_SINCE) {
        return false;
    }
    if !status.is_success() || (method != Method::GET && method != Method::HEAD) {
        return false;
    }
    if none_match { has_tag(request, stored) } else { is_old(request, stored, received) }
}

fn has_tag(request: &HeaderMap, stored: &HeaderMap) -> bool {
    let tag = EntityTag::of(stored);
    let mut lines = request.get_all(IF_NONE_MATCH).iter().map(HeaderValue::as_bytes);
    lines.any(|line| {
        trimmed(line) == b"*"
            || tag.is_some_and(|tag| any_tag(line, |sent| sent.weakly_equals(tag)))
    })
}

fn is_old(request: &HeaderMap, stored: &HeaderMap, received: HttpDate) -> bool {
    let Some(since) = HttpDate::of_field(request, &IF_MODIFIED_SINCE, received) else {
        return false;
    };
    let modified = if stored.contains_key(LAST_MODIFIED) {
        HttpDate::of_field(stored, &LAST_MODIFIED, received)
    } else {
        HttpDate::of_field(stored, &DATE, received).or(Some(received))
    };
    modified.is_some_and(|modified| modified <= since)
}

/// The fields of a stored response that a 304 from it carries.
///
/// All but those that describe the content, which is not sent: of these only `ETag` and `Content-Location` are wanted, and
/// `Last-Modified` if there is no `ETag` (RFC 9110 section 15.4.5).
pub fn not_modified_fields(stored: &HeaderMap) -> HeaderMap {
    let tagged = stored.contains_key(ETAG);
    let left_out = |name: &HeaderName| {
        [
            CONTENT_ENCODING,
            CONTENT_LANGUAGE,
            CONTENT_LENGTH,
            CONTENT_RANGE,
            CONTENT_TYPE,
            CONTENT_MD5,
        ]
        .contains(name)
            || DIGESTS.contains(name)
            || (tagged && name == LAST_MODIFIED)
    };
    let mut fields = HeaderMap::with_capacity(stored.keys_len());
    for (name, value) in stored.iter().filter(|(name, _)| !left_out(name)) {
        fields.append(name, value.clone());
    }
    fields
}

/// Turns a request into one that asks the origin whether a stored response is still good (RFC 9111 section 4.3.1), and says
/// whether it can: there must be a validator, or else the request asks for the whole.
///
/// The client's own conditions and ranges are taken out of it, so that the answer is good for all.
pub fn revalidate(request: &mut HeaderMap, stored: &HeaderMap) -> bool {
    for name in [IF_MATCH, IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE, IF_RANGE, RANGE] {
        request.remove(name);
    }
    let tag = EntityTag::of(stored).and_then(|_| stored.get(ETAG));
    let modified = stored.get(LAST_MODIFIED);
    if let Some(tag) = tag {
        request.insert(IF_NONE_MATCH, tag.clone());
    }
    if let Some(modified) = modified {
        request.insert(IF_MODIFIED_SINCE, modified.clone());
    }
    tag.is_some() || modified.is_some()
}
