use http::{
    HeaderName, Method,
    header::{
        ACCEPT, ACCEPT_CHARSET, ACCEPT_ENCODING, ACCEPT_LANGUAGE, AUTHORIZATION, CACHE_CONTROL,
        COOKIE, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, PRAGMA,
        RANGE,
    },
};

use crate::{
    content::ContentKey,
    fingerprint::{
        Fingerprint, FingerprintBuilder, KeyBytes, Seen, Unfit, names_fields, tells_of_body,
        write_fields,
    },
    head::Head,
    key::KeySeed,
};

/// What by the semantics of HTTP makes the answers to two requests for the same thing differ: how it is to be represented (RFC
/// 9110 section 12.5), which part of it (section 14.2; without `Range`, `If-Range` is ignored, section 13.1.5), under which
/// conditions (section 13.1), and how old it may be (RFC 9111 section 5.2.1).
///
/// A group is looked up only where a field of it is there, as most requests have few; nearly all have one of the first.
const FIELDS: [(Option<Seen>, &[HeaderName]); 5] = [
    (None, &[ACCEPT, ACCEPT_CHARSET, ACCEPT_ENCODING, ACCEPT_LANGUAGE]),
    (Some(Seen::RANGE), &[RANGE, IF_RANGE]),
    (Some(Seen::CONDITIONAL), &[IF_NONE_MATCH, IF_MODIFIED_SINCE]),
    (Some(Seen::PRECONDITION), &[IF_MATCH, IF_UNMODIFIED_SINCE]),
    (Some(Seen::CONTROL), &[CACHE_CONTROL, PRAGMA]),
];

/// Whether the fields of a safe request allow that it shares a call with others. If it is a query, its body tells it from
/// others.
pub(super) fn may_share(
    head: &Head<'_>,
    seen: Seen,
    fingerprint: &FingerprintBuilder,
    is_query: bool,
) -> bool {
    let tells_who_asks = seen.has(Seen::AUTHORIZATION) && !fingerprint.knows(&AUTHORIZATION)
        || seen.has(Seen::COOKIE) && !fingerprint.knows(&COOKIE)
        || seen.has(Seen::IDENTITY) && fingerprint.overlooks_who_asks(head.headers);
    !(tells_who_asks
        || seen.has(Seen::UPGRADE)
        || seen.has(Seen::CONNECTION) && names_fields(head.headers)
        || !is_query && seen.has(Seen::BODY) && tells_of_body(head.headers))
}

/// What a request has in common with those that it may share a call with, and with no others: a keyed hash of 128 bits, as
/// good as all that enters it.
pub(super) fn key(
    head: &Head<'_>,
    seen: Seen,
    fingerprint: &FingerprintBuilder,
    content: Option<&ContentKey>,
    seed: &KeySeed,
) -> Result<u128, Unfit> {
    let mut key = KeyBytes::default();
    fingerprint.write(head, seen, &mut key)?;
    // A fingerprint takes it for a GET.
    let is_head = head.method == Method::HEAD;
    let has_manner = seen.has(Seen::MANNER);
    key.push(&[u8::from(is_head) | u8::from(has_manner) << 1]);
    if has_manner {
        let manners = FingerprintBuilder::MANNERS.iter().copied().map(HeaderName::from_static);
        manners
            .filter(|name| !fingerprint.knows(name))
            .for_each(|name| write_fields(head, &name, &mut key));
    }
    for (bits, names) in FIELDS {
        let is_there = bits.is_none_or(|bits| seen.has(bits));
        key.push(&[u8::from(is_there)]);
        if is_there {
            names.iter().for_each(|name| write_fields(head, name, &mut key));
        }
    }
    if let Some(content) = content {
        content.write(head, &mut key);
    }
    Ok(Fingerprint::of(key.bytes(), seed).bits())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn request(method: Method, uri: &str, fields: &[(&str, &str)]) -> Request<()> {
        let request = Request::builder().method(method).uri(uri);
        let add = |request: http::request::Builder, (name, value): &(&str, &str)| {
            request.header(*name, *value)
        };
        fields.iter().fold(request, add).body(()).unwrap()
    }

    fn of(request: &Request<()>) -> u128 {
        let (head, seed) = (Head::of(request), KeySeed::fixed([1, 2]));
        key(&head, Seen::of(head.headers), &Fingerprint::builder(), None, &seed).unwrap()
    }

    fn names() -> impl Iterator<Item = &'static str> {
        FIELDS.iter().flat_map(|(_, names)| *names).map(HeaderName::as_str)
    }

    fn shares(builder: &FingerprintBuilder, fields: &[(&str, &str)]) -> bool {
        let request = request(Method::GET, "/", fields);
        let head = Head::of(&request);
        may_share(&head, Seen::of(head.headers), builder, false)
    }

    #[test]
    fn requests_that_differ_in_anything_that_counts_differ_by_their_key() {
        let get = |fields: &[_]| request(Method::GET, "/a", fields);
        let plain = of(&get(&[]));
        assert_eq!(of(&get(&[("user-agent", "x"), ("dnt", "1")])), plain);
        assert_ne!(of(&request(Method::HEAD, "/a", &[])), plain);
        assert_ne!(of(&request(Method::GET, "/a?b", &[])), plain);
        for name in names().chain(FingerprintBuilder::MANNERS.iter().copied()) {
            let one = of(&get(&[("range", "a"), (name, "x")]));
            assert_ne!(one, of(&get(&[("range", "a")])), "{name}");
            assert_ne!(one, of(&get(&[("range", "a"), (name, "y")])), "{name}");
            assert_ne!(one, of(&get(&[("range", "a"), (name, "x"), (name, "x")])), "{name}");
        }
        assert_eq!(of(&get(&[("if-range", "x")])), plain, "it means nothing without a range");
    }

    #[test]
    fn a_value_is_not_taken_for_that_of_another_field() {
        let with = |name| of(&request(Method::GET, "/", &[("range", "a"), (name, "x")]));
        let all = || names().chain(FingerprintBuilder::MANNERS.iter().copied());
        assert_eq!(
            all().map(with).collect::<std::collections::HashSet<u128>>().len(),
            all().count()
        );
    }

    #[test]
    fn who_asks_must_be_known_or_not_matter() {
        let plain = Fingerprint::builder();
        assert!(shares(&plain, &[("accept", "*/*"), ("connection", "keep-alive")]));
        for name in ["authorization", "cookie", "x-api-key", "proxy-authorization"] {
            let fields = [(name, "x")];
            let field: HeaderName = name.parse().unwrap();
            assert!(!shares(&plain, &fields), "{name}");
            assert!(shares(&plain.clone().header(field.clone()), &fields), "{name}");
            assert!(shares(&plain.clone().disregard(field), &fields), "{name}");
        }
    }

    #[test]
    fn what_is_not_only_a_question_shares_nothing() {
        let plain = Fingerprint::builder();
        for fields in [
            &[("upgrade", "websocket"), ("connection", "upgrade")][..],
            &[("connection", "x-tenant")],
            &[("content-length", "3")],
            &[("transfer-encoding", "chunked")],
        ] {
            assert!(!shares(&plain, fields), "{fields:?}");
        }
        assert!(shares(&plain, &[("content-length", "0")]));
    }
}
