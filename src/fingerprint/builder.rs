use std::{fmt, hash::Hash, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header::HOST};

use super::{
    KeyBytes, Place, Query, Seen,
    seen::{IDENTITIES, MANNERS, UNKEYED, is_unkeyed},
};
use crate::{
    head::Head,
    key::{KeyExtractor, MissingKey},
};

/// What enters the [`Fingerprint`](super::Fingerprint) of a request: what a cache finds stored responses by, and what tells
/// calls apart that may be shared.
///
/// ```
/// use http::header::ACCEPT_LANGUAGE;
/// use tower_weir::{cache::{Fingerprint, Query}, key::Extension};
///
/// #[derive(Clone, Hash)]
/// struct Tenant(u32);
///
/// let fingerprint = Fingerprint::builder()
///     .query(Query::without(["utm_source"]))
///     .header(ACCEPT_LANGUAGE)
///     .key(Extension::<Tenant>::new());
/// ```
///
/// Without any of that it is made of
///
/// 1. the method, where HEAD counts as GET,
/// 2. scheme, host and port: those of the URI, or else of the field `Host`,
/// 3. the path, byte by byte: it is neither decoded nor shortened, and its file extension means nothing; in a nested axum Router
///    (feature `axum`) both the path that the client sent and the rest that the Router is shown,
/// 4. the query, [as it is](Query::as_is),
/// 5. the field `X-Forwarded-Proto`, if there is one.
///
/// Two requests that differ in anything else share their responses, as far as `Vary` allows, and where calls are coalesced as
/// far as `Accept` and other fields to which HTTP gives a meaning are the same too. So whatever else a handler looks at must be
/// named here or by `Vary`. Fields that services are known to build responses from, though caches do not key by them, make a
/// request pass the layer by: `X-Forwarded-Host`, `X-Forwarded-Scheme`, `X-Original-URL`, `X-HTTP-Method-Override` and [some
/// more](FingerprintBuilder::PASSED_BY). So does a request without a clear host: with two `Host` fields, say, or one that is
/// not the host of the URI.
#[derive(Clone, Default)]
pub struct FingerprintBuilder {
    query: Query,
    any_host: bool,
    parts: Vec<Part>,
    disregarded: Vec<HeaderName>,
}

#[derive(Clone)]
enum Part {
    Header(HeaderName),
    Key(Arc<dyn WriteKey>),
}

/// A request that has no fingerprint: it passes the layer by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// Responses may depend on this field, and the fingerprint does not.
    Unkeyed(HeaderName),
    /// It does not say clearly which host it is for.
    Host,
    /// A key is missing.
    Key(MissingKey),
}

impl FingerprintBuilder {
    /// Fields that make a request pass the layer by, unless they are [keyed](Self::header) or [disregarded](Self::disregard),
    /// besides `Forwarded`.
    pub const PASSED_BY: &[&str] = UNKEYED;

    /// Fields that tell who asks, besides `Authorization` and `Cookie`, unless they are [keyed](Self::header) or
    /// [disregarded](Self::disregard).
    ///
    /// A response to a request that has one is stored, and a stored one used for it, only if it says itself how long it is
    /// fresh. Where calls are coalesced, such a request shares none.
    pub const IDENTITIES: &[&str] = IDENTITIES;

    /// Fields that services choose the form of an answer by, and often do not name in `Vary`. Requests that share a call have
    /// all of them in common that are not [disregarded](Self::disregard); to a cache they are as any other field.
    pub const MANNERS: &[&str] = MANNERS;

    /// Says how the query enters; [as it is](Query::as_is) otherwise.
    pub fn query(mut self, query: Query) -> Self {
        self.query = query;
        self
    }

    /// Adds a header field: all its lines, byte by byte.
    ///
    /// In a cache, where the service itself names the field in `Vary`, that does the same, knows what values mean the same, and
    /// keeps within the bound on variants.
    pub fn header(mut self, name: HeaderName) -> Self {
        self.parts.push(Part::Header(name));
        self
    }

    /// Adds what `extractor` reads: a tenant, the id of a user. A request that carries none passes the layer by.
    pub fn key(mut self, extractor: impl KeyExtractor) -> Self {
        self.parts.push(Part::Key(Arc::new(extractor)));
        self
    }

    /// Leaves the host out: one response for all hosts.
    ///
    /// Only for services that never look at it. One that builds links from it would send the links of whoever came first to
    /// everybody.
    pub fn any_host(mut self) -> Self {
        self.any_host = true;
        self
    }

    /// States that no response depends on the field `name`, so that requests which have it need not pass the layer by.
    ///
    /// For fields that a proxy in front always adds, such as `X-Forwarded-Host`. Where responses do depend on it, add it by
    /// [`FingerprintBuilder::header`] instead: else whoever sends it decides what all others get.
    pub fn disregard(mut self, name: HeaderName) -> Self {
        self.disregarded.push(name);
        self
    }

    /// All that the fingerprint of a request would be computed from, in a form that is meant for comparing; `None` if the
    /// request passes the layer by.
    ///
    /// ```
    /// use http::Request;
    /// use tower_weir::{cache::{Fingerprint, Query}, head::Head};
    ///
    /// let builder = Fingerprint::builder().query(Query::without(["utm_source"]));
    /// let key = |uri: &str| builder.key_of(&Head::of(&Request::get(uri).body(()).unwrap()));
    /// assert_eq!(key("/a?q=1&utm_source=x"), key("/a?q=1"));
    /// assert_ne!(key("/a?q=1"), key("/a?q=2"));
    /// ```
    pub fn key_of(&self, head: &Head<'_>) -> Option<Box<[u8]>> {
        let mut key = KeyBytes::default();
        self.write(head, Seen::of(head.headers), &mut key).ok()?;
        Some(key.bytes().into())
    }

    /// Whether the field `name` enters, or nothing depends on it.
    pub(crate) fn knows(&self, name: &HeaderName) -> bool {
        let is_part = |part: &Part| matches!(part, Part::Header(keyed) if keyed == name);
        self.parts.iter().any(is_part) || self.disregarded.contains(name)
    }

    /// Whether the request tells who asks in a field that neither enters nor is disregarded, besides `Authorization` and
    /// `Cookie`.
    #[cold]
    pub(crate) fn overlooks_who_asks(&self, headers: &HeaderMap) -> bool {
        headers.keys().any(|name| IDENTITIES.contains(&name.as_str()) && !self.knows(name))
    }

    /// Appends to `key` all that enters, such that no two different requests have the same bytes: the parts are of known
    /// length, or end in a byte that they cannot have.
    #[inline]
    pub(crate) fn write(
        &self,
        head: &Head<'_>,
        seen: Seen,
        key: &mut KeyBytes,
    ) -> Result<Place, Unfit> {
        if seen.has(Seen::UNKEYED) {
            self.check_unkeyed(head)?;
        }
        let place = self.write_uri(head, seen, key)?;
        if head.uri.authority().is_some() && seen.has(Seen::HOST) && !self.any_host {
            check_agreement(head, seen)?;
        }
        let has_proto = seen.has(Seen::PROTO);
        key.push(&[u8::from(has_proto) | u8::from(place.lowered) << 1]);
        if place.lowered {
            // It is the same host, but a service that compares it byte by byte answers otherwise, and everybody else would get
            // that (Sammouda, "Cache Poisoning at Scale", 2021).
            key.push(host_of(head.uri, head, seen)?);
            key.push(&[0]);
        }
        if has_proto {
            write_fields(head, &PROTO, key);
        }
        for part in &self.parts {
            match part {
                Part::Header(name) => write_fields(head, name, key),
                Part::Key(extractor) => extractor.write(head, key).map_err(Unfit::Key)?,
            }
        }
        Ok(place)
    }

    /// The first of it: method and URI.
    #[inline]
    pub(crate) fn write_uri(
        &self,
        head: &Head<'_>,
        seen: Seen,
        key: &mut KeyBytes,
    ) -> Result<Place, Unfit> {
        key.push(if head.method == Method::HEAD {
            b"GET"
        } else {
            head.method.as_str().as_bytes()
        });
        key.push(b" ");
        let sent = head.sent_uri();
        let place = self.write_one_uri(sent, head, seen, key)?;
        // No URI has either byte.
        if std::ptr::eq(sent, head.uri) || sent == head.uri {
            key.push(&[0]);
        } else {
            // What the service inside sees: by what was sent alone, a layer that chose it by a header field would be
            // overlooked.
            key.push(&[1]);
            self.write_one_uri(head.uri, head, seen, key)?;
            key.push(&[0]);
        }
        Ok(place)
    }

    #[inline(always)]
    fn write_one_uri(
        &self,
        uri: &Uri,
        head: &Head<'_>,
        seen: Seen,
        key: &mut KeyBytes,
    ) -> Result<Place, Unfit> {
        if let Some(scheme) = uri.scheme_str() {
            key.push(scheme.as_bytes());
        }
        key.push(b"://");
        let host = key.len();
        let lowered = !self.any_host && write_host(host_of(uri, head, seen)?, key)?;
        key.push(uri.path().as_bytes());
        self.query.write(uri.query(), key);
        Ok(Place { host, end: key.len(), lowered })
    }

    #[cold]
    fn check_unkeyed(&self, head: &Head<'_>) -> Result<(), Unfit> {
        let unkeyed =
            head.headers.keys().find(|name| is_unkeyed(name.as_str()) && !self.knows(name));
        unkeyed.map_or(Ok(()), |name| Err(Unfit::Unkeyed(name.clone())))
    }
}

static PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What counts is the host of the URI, but many services read the field (RFC 9112 section 3.2.2): so they must be the same.
fn check_agreement(head: &Head<'_>, seen: Seen) -> Result<(), Unfit> {
    let field = head.headers.get(HOST).map_or(&[][..], HeaderValue::as_bytes);
    let authority = head.uri.authority().map_or(&[][..], |authority| authority.as_str().as_bytes());
    if !seen.has(Seen::HOSTS) && field == authority { Ok(()) } else { Err(Unfit::Host) }
}

/// Host and port. The URI's authority goes before the field `Host` (RFC 9112 section 3.2.2).
#[inline]
fn host_of<'a>(uri: &'a Uri, head: &Head<'a>, seen: Seen) -> Result<&'a [u8], Unfit> {
    match uri.authority() {
        Some(authority) => Ok(authority.as_str().as_bytes()),
        None if !seen.has(Seen::HOST) => Ok(b""),
        None if seen.has(Seen::HOSTS) => Err(Unfit::Host),
        None => Ok(head.headers.get(HOST).map_or(&[][..], HeaderValue::as_bytes)),
    }
}

/// Appends a host in lower case, if it is one. Whether it had capital letters.
#[inline]
fn write_host(host: &[u8], key: &mut KeyBytes) -> Result<bool, Unfit> {
    let (mut is_clear, mut had_capitals) = (true, false);
    for (lower, byte) in key.room(host.len()).iter_mut().zip(host) {
        *lower = HOST_BYTES[usize::from(*byte)];
        is_clear &= *lower != 0;
        had_capitals |= lower != byte;
    }
    if is_clear { Ok(had_capitals) } else { Err(Unfit::Host) }
}

/// Each byte that may be in a host in lower case, 0 for others: what ends a host, separates several, or comes before one, as in
/// `user@host`, is in none.
const HOST_BYTES: [u8; 256] = {
    let (mut bytes, mut byte) = ([0; 256], 0);
    while byte < 256 {
        let char = byte as u8;
        if char.is_ascii_graphic() && !matches!(char, b',' | b'/' | b'?' | b'#' | b'@' | b'\\') {
            bytes[byte] = char.to_ascii_lowercase();
        }
        byte += 1;
    }
    bytes
};

/// All lines of a field, with how many and how long they are.
pub(crate) fn write_fields(head: &Head<'_>, name: &HeaderName, key: &mut KeyBytes) {
    let lines = head.headers.get_all(name);
    key.push_len(lines.iter().count());
    for line in lines {
        key.push_len(line.len());
        key.push(line.as_bytes());
    }
}

/// A [`KeyExtractor`] of any kind behind one type.
trait WriteKey: Send + Sync {
    fn write(&self, head: &Head<'_>, key: &mut KeyBytes) -> Result<(), MissingKey>;
}

impl<E: KeyExtractor> WriteKey for E {
    fn write(&self, head: &Head<'_>, key: &mut KeyBytes) -> Result<(), MissingKey> {
        // What a value hashes is no prefix of what another hashes, so that it needs no length.
        self.extract(head).map(|value| value.hash(key))
    }
}

impl Unfit {
    /// What to say of it where a cache tells why it did not answer.
    pub(crate) fn detail(&self) -> &'static str {
        match self {
            Self::Unkeyed(_) => "unkeyed-header",
            Self::Host => "unclear-host",
            Self::Key(_) => "missing-key",
        }
    }

    /// What the operator can do about it, where such requests pass `what` by.
    pub(crate) fn remedy(&self, what: &str) -> String {
        match self {
            Self::Unkeyed(name) => format!(
                "requests with the field {name} pass {what} by; add it to the fingerprint (`.header(..)`), or state that no \
                 response depends on it (`.disregard(..)`)"
            ),
            Self::Host => format!("requests that name no host, or several, pass {what} by"),
            Self::Key(missing) => format!("requests without a key pass {what} by: {missing}"),
        }
    }
}

impl fmt::Debug for FingerprintBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FingerprintBuilder")
            .field("query", &self.query)
            .field("any_host", &self.any_host)
            .field("parts", &self.parts)
            .field("disregarded", &self.disregarded)
            .finish()
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => f.debug_tuple("Header").field(name).finish(),
            Self::Key(_) => f.write_str("Key"),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{Request, header::ACCEPT};

    use super::*;

    fn written(builder: &FingerprintBuilder, request: &Request<()>) -> Result<Vec<u8>, Unfit> {
        let (mut key, head) = (KeyBytes::default(), Head::of(request));
        builder.write(&head, Seen::of(head.headers), &mut key).map(|_| key.bytes().to_vec())
    }

    fn request(uri: &str, fields: &[(&str, &str)]) -> Request<()> {
        let request = Request::get(uri);
        fields
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value))
            .body(())
            .unwrap()
    }

    fn plain(uri: &str, fields: &[(&str, &str)]) -> Result<Vec<u8>, Unfit> {
        written(&Fingerprint::builder(), &request(uri, fields))
    }

    use super::super::Fingerprint;

    #[test]
    fn a_head_request_has_the_fingerprint_of_a_get() {
        let mut head = request("/a", &[]);
        *head.method_mut() = Method::HEAD;
        assert_eq!(written(&Fingerprint::builder(), &head), plain("/a", &[]));
        *head.method_mut() = Method::POST;
        assert_ne!(written(&Fingerprint::builder(), &head), plain("/a", &[]));
    }

    #[test]
    fn the_host_is_the_uris_or_else_the_fields() {
        let different_only_in_case = [
            plain("/a", &[("host", "Example.COM:80")]),
            plain("/a", &[("host", "example.com:80")]),
        ];
        assert_ne!(different_only_in_case[0], different_only_in_case[1]);
        assert_ne!(plain("/a", &[("host", "a")]), plain("/a", &[("host", "b")]));
        assert_ne!(plain("/a", &[("host", "a")]), plain("/a", &[]));
        assert_eq!(plain("http://a/", &[]), plain("http://a/", &[("host", "a")]));
        assert_ne!(plain("http://a/", &[]), plain("https://a/", &[]));
        let any = Fingerprint::builder().any_host();
        assert_eq!(
            written(&any, &request("/", &[("host", "a")])),
            written(&any, &request("/", &[("host", "b")]))
        );
    }

    #[test]
    fn a_request_with_an_unclear_host_has_no_fingerprint() {
        for bad in ["a, b", "a/b", "a@b", "a?b", "a#b", "a\\b", "a b", "\u{fc}"] {
            assert_eq!(plain("/", &[("host", bad)]), Err(Unfit::Host), "{bad}");
        }
        assert_eq!(plain("/", &[("host", "a"), ("host", "a")]), Err(Unfit::Host));
        assert_eq!(plain("http://user@a/", &[]), Err(Unfit::Host));
        for contradicting in
            [&[("host", "b")][..], &[("host", "A")], &[("host", "a"), ("host", "a")]]
        {
            assert_eq!(plain("http://a/", contradicting), Err(Unfit::Host), "{contradicting:?}");
        }
    }

    #[test]
    fn fields_that_are_not_keyed_leave_no_fingerprint() {
        for name in UNKEYED.iter().copied().chain(["forwarded"]) {
            let name = HeaderName::from_static(name);
            let request = request("/", &[(name.as_str(), "x")]);
            assert_eq!(
                written(&Fingerprint::builder(), &request),
                Err(Unfit::Unkeyed(name.clone()))
            );
            assert!(written(&Fingerprint::builder().header(name.clone()), &request).is_ok());
            let disregarded = written(&Fingerprint::builder().disregard(name), &request);
            assert_eq!(disregarded, plain("/", &[]));
        }
        assert_ne!(
            plain("/", &[("x-forwarded-proto", "http")]),
            plain("/", &[("x-forwarded-proto", "https")])
        );
    }

    #[test]
    fn parts_cannot_be_shifted_into_each_other() {
        let two = Fingerprint::builder().header(ACCEPT).header(HeaderName::from_static("x-b"));
        let of = |fields: &[(&str, &str)]| written(&two, &request("/", fields)).unwrap();
        let all = [
            of(&[]),
            of(&[("accept", "")]),
            of(&[("accept", "ab")]),
            of(&[("accept", "a"), ("x-b", "b")]),
            of(&[("x-b", "ab")]),
            of(&[("accept", "a"), ("accept", "b")]),
            of(&[("accept", "a, b")]),
        ];
        let distinct: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn a_key_that_is_missing_leaves_no_fingerprint() {
        let keyed =
            Fingerprint::builder().key(crate::key::Header(HeaderName::from_static("x-tenant")));
        let of = |fields: &[(&str, &str)]| written(&keyed, &request("/", fields));
        assert!(matches!(of(&[]), Err(Unfit::Key(_))));
        assert_ne!(of(&[("x-tenant", "a")]).unwrap(), of(&[("x-tenant", "b")]).unwrap());
    }

    #[test]
    fn the_place_of_the_uri_is_known() {
        let request = request("http://A.b:8/x/y?z=1", &[]);
        let (mut key, head) = (KeyBytes::default(), Head::of(&request));
        let place = Fingerprint::builder().write(&head, Seen::of(head.headers), &mut key).unwrap();
        let text = |from: u32, to: u32| {
            std::str::from_utf8(&key.bytes()[from as usize..to as usize]).unwrap()
        };
        assert_eq!(text(place.host, place.end), "a.b:8/x/y?z=1");
    }
}
