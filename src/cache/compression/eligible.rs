use http::{
    HeaderMap, HeaderName,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE},
};

use crate::cache::{Entry, rules::ResponseControl};

/// What speaks of the bytes as they are: who sends it wants just these to arrive.
const OF_THE_BYTES: [HeaderName; 6] = [
    CONTENT_ENCODING,
    CONTENT_RANGE,
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-md5"),
];

/// Whether a response may be given in another coding than its own, as far as its fields say, and is likely to get smaller by it.
///
/// Not one that varies by `Accept-Encoding`: its service chooses codings itself. Nor one with trailers, which may speak of the
/// bytes, nor a part, which is to be joined with others.
pub(super) fn is_eligible(entry: &Entry, targeted: &[HeaderName]) -> bool {
    let headers = &entry.headers;
    entry.trailers.is_none()
        && entry.part.is_none()
        && is_compressible(headers)
        && !OF_THE_BYTES.iter().any(|name| headers.contains_key(name))
        && !entry.selection.names().any(|name| name == ACCEPT_ENCODING)
        // `no-transform` is for whoever passes it on, wherever it is said (RFC 9110 section 7.7).
        && !ResponseControl::of(headers, &[]).no_transform
        && !ResponseControl::of(headers, targeted).no_transform
}

/// Whether content of this type is text, or like text. Not `text/event-stream`, which is read as it comes.
fn is_compressible(headers: &HeaderMap) -> bool {
    const APPLICATION: [&str; 9] = [
        "json",
        "javascript",
        "x-javascript",
        "ecmascript",
        "xml",
        "wasm",
        "graphql",
        "yaml",
        "x-ndjson",
    ];
    let Some(kind) = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()) else {
        return false;
    };
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.split_once('/') {
        Some(("text", subtype)) => subtype != "event-stream",
        Some((_, subtype)) if subtype.ends_with("+json") || subtype.ends_with("+xml") => true,
        Some(("application", subtype)) => APPLICATION.contains(&subtype),
        Some(("font", subtype)) => ["ttf", "otf", "sfnt", "collection"].contains(&subtype),
        Some(("image", subtype)) => ["bmp", "x-icon", "vnd.microsoft.icon"].contains(&subtype),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::rules::{Selection, Vary};

    fn entry(fields: &[(&'static str, &str)]) -> Entry {
        let headers = fields
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        let headers: HeaderMap = headers.collect();
        let selection = Selection::of(&Vary::of(&headers), &HeaderMap::new()).unwrap();
        Entry { headers, selection, ..Entry::of_nothing() }
    }

    #[test]
    fn what_is_like_text_is_eligible() {
        for (kind, expected) in [
            ("text/html; charset=utf-8", true),
            ("TEXT/CSS", true),
            ("application/json", true),
            ("application/problem+json", true),
            ("image/svg+xml", true),
            ("text/event-stream", false),
            ("image/png", false),
            ("application/octet-stream", false),
            ("application/grpc", false),
            ("text", false),
            ("", false),
        ] {
            assert_eq!(is_eligible(&entry(&[("content-type", kind)]), &[]), expected, "{kind}");
        }
        assert!(!is_eligible(&entry(&[]), &[]));
    }

    #[test]
    fn what_must_stay_as_it_is_is_not() {
        let cdn = HeaderName::from_static("cdn-cache-control");
        for field in [
            ("content-encoding", "identity"),
            ("content-range", "bytes 0-1/2"),
            ("content-digest", "sha-256=:AA==:"),
            ("repr-digest", "sha-256=:AA==:"),
            ("digest", "md5=AA=="),
            ("content-md5", "AA=="),
            ("cache-control", "max-age=60, no-transform"),
            ("cdn-cache-control", "max-age=60, no-transform"),
            ("vary", "Cookie, Accept-Encoding"),
        ] {
            let entry = entry(&[("content-type", "text/plain"), field]);
            assert!(!is_eligible(&entry, std::slice::from_ref(&cdn)), "{field:?}");
        }
        let trailers = Some(HeaderMap::new());
        assert!(!is_eligible(&Entry { trailers, ..entry(&[("content-type", "text/plain")]) }, &[]));
    }
}
