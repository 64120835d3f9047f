use http::{
    HeaderMap,
    header::{CACHE_CONTROL, PRAGMA},
};

use super::{
    RequestDirectives,
    directives::{self, Argument},
    list::Members,
};

/// What a request's `Cache-Control` asks of caches (RFC 9111 section 5.2.1).
///
/// ```
/// use http::{HeaderMap, header::CACHE_CONTROL};
/// use tower_weir::cache::rules::RequestControl;
///
/// let mut headers = HeaderMap::new();
/// assert_eq!(RequestControl::of(&headers), RequestControl::NONE);
///
/// headers.insert(CACHE_CONTROL, "max-age=10, max-stale".parse()?);
/// let control = RequestControl::of(&headers);
/// assert_eq!(control.max_age, Some(10));
/// assert_eq!(control.max_stale, Some(u32::MAX));
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestControl {
    /// Not without asking the origin. `Pragma: no-cache` says it too, if there is no `Cache-Control`.
    pub no_cache: bool,
    /// Neither the request nor an answer to it is to be stored.
    pub no_store: bool,
    /// From the cache, or 504.
    pub only_if_cached: bool,
    /// The age in seconds up to which an answer will do.
    pub max_age: Option<u32>,
    /// For how many seconds from now an answer must be fresh.
    pub min_fresh: Option<u32>,
    /// For how many seconds an answer may have been stale: [`u32::MAX`] if it was given without a number.
    pub max_stale: Option<u32>,
}

impl RequestControl {
    /// Asks for nothing.
    pub const NONE: Self = Self {
        no_cache: false,
        no_store: false,
        only_if_cached: false,
        max_age: None,
        min_fresh: None,
        max_stale: None,
    };

    /// What these fields ask for. Of directives that are repeated the one that asks for more counts.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut control = Self::NONE;
        if headers.contains_key(CACHE_CONTROL) {
            directives::each(headers.get_all(CACHE_CONTROL), |name, argument| {
                control.take(name, argument);
            });
        } else if headers.contains_key(PRAGMA) {
            control.no_cache = has_pragma_no_cache(headers);
        }
        control
    }

    /// What is left of it where clients are not obeyed in all.
    #[must_use]
    pub fn under(self, policy: RequestDirectives) -> Self {
        match policy {
            RequestDirectives::Honour => self,
            RequestDirectives::Ignore => {
                Self { no_store: self.no_store, only_if_cached: self.only_if_cached, ..Self::NONE }
            }
        }
    }

    fn take(&mut self, name: &[u8], argument: Argument<'_>) {
        let least =
            |held: Option<u32>, found: u32| Some(held.map_or(found, |held| held.min(found)));
        match name {
            b"no-cache" => self.no_cache = true,
            b"no-store" => self.no_store = true,
            b"only-if-cached" => self.only_if_cached |= argument != Argument::Malformed,
            b"max-age" => self.max_age = least(self.max_age, argument.seconds()),
            b"min-fresh" => {
                let found = argument.valid_seconds().unwrap_or(u32::MAX);
                self.min_fresh = Some(self.min_fresh.map_or(found, |held| held.max(found)));
            }
            b"max-stale" => {
                let any = argument == Argument::Absent;
                let found = if any { u32::MAX } else { argument.seconds() };
                self.max_stale = least(self.max_stale, found);
            }
            _ => {}
        }
    }
}

/// Whether `Pragma` says `no-cache` (RFC 9111 section 5.4).
pub(super) fn has_pragma_no_cache(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(PRAGMA).iter();
    lines
        .any(|line| Members::of(line.as_bytes()).any(|word| word.eq_ignore_ascii_case(b"no-cache")))
}

/// Whether a request has none of the fields that a cache heeds whatever the response: directives, conditions, ranges. Most
/// have none, and are answered without a further look at them.
pub fn is_plain(request: &HeaderMap) -> bool {
    !request.keys().any(|name| {
        matches!(
            name.as_str(),
            "cache-control"
                | "pragma"
                | "range"
                | "if-match"
                | "if-modified-since"
                | "if-none-match"
                | "if-range"
                | "if-unmodified-since"
        )
    })
}
