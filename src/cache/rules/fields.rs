use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{AGE, CONNECTION, DATE, Entry},
};

use super::{HttpDate, ResponseControl, list::Members};

/// Whether a field is about the connection or the next proxy, and so is neither stored nor passed on (RFC 9110 section 7.6.1,
/// RFC 9111 section 3.1).
pub fn is_connection_field(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "keep-alive"
            | "proxy-connection"
            | "te"
            | "transfer-encoding"
            | "upgrade"
            | "proxy-authenticate"
            | "proxy-authentication-info"
            | "proxy-authorization"
    )
}

/// The fields of a response that are stored.
///
/// Left out are the fields of the connection, those that `Connection` names, and `Age`, which every hit has anew. So are those
/// that `no-cache="…"` and `private="…"` name: the first may be stored, but not sent from the store without asking the
/// origin (RFC 9111 section 5.2.2.4), and without them the rest of the response is good for everyone.
///
/// A `Date` is added if there is none: that of when the response came (RFC 9110 section 6.6.1).
pub fn storable_fields(
    headers: &HeaderMap,
    control: &ResponseControl,
    received: HttpDate,
) -> HeaderMap {
    let nominating = headers.contains_key(CONNECTION);
    let left_out = |name: &HeaderName| {
        name == AGE
            || is_connection_field(name)
            || control.withholds(name)
            || (nominating && is_nominated(headers, name))
    };
    let mut stored = HeaderMap::with_capacity(headers.keys_len() + 1);
    for (name, value) in headers.iter().filter(|(name, _)| !left_out(name)) {
        stored.append(name, value.clone());
    }
    if let Entry::Vacant(date) = stored.entry(DATE) {
        date.insert(received.to_value());
    }
    stored
}

/// Whether `Connection` names a field.
pub(super) fn is_nominated(headers: &HeaderMap, name: &HeaderName) -> bool {
    let mut lines = headers.get_all(CONNECTION).iter();
    lines.any(|line| {
        Members::of(line.as_bytes())
            .any(|member| member.eq_ignore_ascii_case(name.as_str().as_bytes()))
    })
}

/// The only value of a field; `None` if it has none or more than one.
pub(super) fn only_value<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}
