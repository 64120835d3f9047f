use http::{HeaderName, HeaderValue, StatusCode};
use smallvec::SmallVec;

use super::list::is_token_byte;
use crate::error::ConfigError;

/// Long enough for most values to be written without the heap.
type Text = SmallVec<[u8; 128]>;

/// The name under which a cache tells what it did.
///
/// A token (`weir`, `cache.example.com`) or any printable ASCII, which is put in quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheName(Box<str>);

impl CacheName {
    /// # Errors
    ///
    /// If it is empty, or has anything but printable ASCII in it.
    pub fn new(name: &str) -> Result<Self, ConfigError> {
        let printable = name.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if name.is_empty() || !printable {
            return Err(ConfigError::new("cache name", name, "printable ASCII, and some of it"));
        }
        let mut text = Text::new();
        put_text(&mut text, name);
        Ok(Self(String::from_utf8_lossy(&text).into()))
    }
}

impl Default for CacheName {
    /// `weir`
    fn default() -> Self {
        Self("weir".into())
    }
}

/// Why a request went on to the origin (RFC 9211 section 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Forward {
    /// The cache was told not to handle it.
    Bypass,
    /// Its method must go on.
    Method,
    /// Nothing is stored for the URI.
    UriMiss,
    /// What is stored for the URI answers other requests.
    VaryMiss,
    /// Nothing is stored for it: which of the two above is not known.
    Miss,
    /// What is stored is fresh, but the request wants it validated.
    Request,
    /// What is stored is stale.
    Stale,
    /// What is stored is a part that is not enough.
    Partial,
}

impl Forward {
    /// The token for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bypass => "bypass",
            Self::Method => "method",
            Self::UriMiss => "uri-miss",
            Self::VaryMiss => "vary-miss",
            Self::Miss => "miss",
            Self::Request => "request",
            Self::Stale => "stale",
            Self::Partial => "partial",
        }
    }
}

/// What a cache did for a request: a member of `Cache-Status` (RFC 9211).
///
/// ```
/// use tower_weir::cache::rules::{CacheName, CacheStatus, Forward};
///
/// let name = CacheName::default();
/// assert_eq!(CacheStatus::hit().ttl(30).value(&name), "weir; hit; ttl=30");
/// assert_eq!(
///     CacheStatus::forward(Forward::UriMiss).stored().collapsed().value(&name),
///     "weir; fwd=uri-miss; stored; collapsed",
/// );
/// ```
///
/// It is to be appended to what caches nearer to the origin said: `headers.append(CacheStatus::FIELD, …)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheStatus {
    source: Source,
    forward_status: Option<StatusCode>,
    ttl: Option<i64>,
    stored: bool,
    collapsed: bool,
    detail: Option<&'static str>,
}

/// Where an answer is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Store,
    Origin(Forward),
    /// The cache made it up.
    Cache,
}

impl CacheStatus {
    /// The name of the field.
    pub const FIELD: HeaderName = HeaderName::from_static("cache-status");

    const EMPTY: Self = Self {
        source: Source::Store,
        forward_status: None,
        ttl: None,
        stored: false,
        collapsed: false,
        detail: None,
    };

    /// It was answered from the store.
    pub const fn hit() -> Self {
        Self::EMPTY
    }

    /// It went on to the origin.
    pub const fn forward(why: Forward) -> Self {
        Self { source: Source::Origin(why), ..Self::EMPTY }
    }

    /// It was answered by the cache itself, which had nothing to give and must not ask.
    pub const fn neither() -> Self {
        Self { source: Source::Cache, ..Self::EMPTY }
    }

    /// What the origin answered, where the client gets another status.
    #[must_use]
    pub const fn forward_status(self, status: StatusCode) -> Self {
        Self { forward_status: Some(status), ..self }
    }

    /// For how many more seconds the answer is fresh: [`Freshness::ttl`](super::Freshness::ttl).
    #[must_use]
    pub const fn ttl(self, seconds: i64) -> Self {
        Self { ttl: Some(seconds), ..self }
    }

    /// The answer was stored.
    #[must_use]
    pub const fn stored(self) -> Self {
        Self { stored: true, ..self }
    }

    /// It waited for the answer to another request like it.
    #[must_use]
    pub const fn collapsed(self) -> Self {
        Self { collapsed: true, ..self }
    }

    /// A word more: [`Refusal::as_str`](super::Refusal::as_str), for one. What is not printable ASCII is left out of it.
    #[must_use]
    pub const fn detail(self, detail: &'static str) -> Self {
        Self { detail: Some(detail), ..self }
    }

    /// The value of the field.
    pub fn value(&self, name: &CacheName) -> HeaderValue {
        let mut text = Text::from_slice(name.0.as_bytes());
        let mut put = |part: &[u8]| text.extend_from_slice(part);
        match self.source {
            Source::Store => put(b"; hit"),
            Source::Origin(why) => {
                put(b"; fwd=");
                put(why.as_str().as_bytes());
            }
            Source::Cache => {}
        }
        if let Some(status) = self.forward_status {
            put(b"; fwd-status=");
            put(status.as_str().as_bytes());
        }
        if let Some(ttl) = self.ttl {
            // An integer of RFC 8941 has 15 digits at most.
            const MOST: i64 = 999_999_999_999_999;
            put(b"; ttl=");
            put(itoa::Buffer::new().format(ttl.clamp(-MOST, MOST)).as_bytes());
        }
        if self.stored {
            put(b"; stored");
        }
        if self.collapsed {
            put(b"; collapsed");
        }
        if let Some(detail) = self.detail {
            put(b"; detail=");
            put_text(&mut text, detail);
        }
        HeaderValue::from_bytes(&text).unwrap_or_else(|_| HeaderValue::from_static("weir"))
    }
}

/// As a token if it is one, otherwise as a string (RFC 8941 section 3.3).
fn put_text(out: &mut Text, text: &str) {
    let token = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '*')
        && text.bytes().all(|byte| is_token_byte(byte) || matches!(byte, b':' | b'/'));
    if token {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for byte in text.bytes().filter(|byte| matches!(byte, b' '..=b'~')) {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}
