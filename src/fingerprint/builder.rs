use std::{fmt, hash::Hash, sync::Arc};

use http::{HeaderMap, HeaderName, Method, Uri};

use super::{
    KeyBytes, Place, Query, Seen, Unfit,
    host::{check_agreement, host_of, write_host},
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
mod tests;
