use std::time::Duration;

use http::HeaderName;

use super::Grace;

const CDN_CACHE_CONTROL: HeaderName = HeaderName::from_static("cdn-cache-control");

/// What a cache may decide for itself.
///
/// ```
/// use std::time::Duration;
/// use tower_weir::cache::rules::{Heuristic, Rules};
///
/// let rules = Rules::new()
///     .default_ttl(Duration::from_secs(30))
///     .heuristic(Heuristic::new().max(Duration::from_secs(3_600)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    pub(super) default_ttl: Option<Duration>,
    pub(super) heuristic: Option<Heuristic>,
    pub(super) grace: Grace,
    pub(super) targeted: Vec<HeaderName>,
    pub(super) cookies: CookieResponses,
    pub(super) authorized: AuthorizedResponses,
    pub(super) request_directives: RequestDirectives,
}

/// How long a response is fresh that does not say it: a part of how long it had not changed when it was sent (RFC 9111 section
/// 4.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heuristic {
    pub(super) percent: u8,
    pub(super) max: Duration,
}

/// What becomes of responses that set cookies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CookieResponses {
    /// They are not stored: a cookie is mostly for one user.
    #[default]
    Refuse,
    /// They are stored with the cookie, and everyone gets it: for cookies that are the same for all.
    ShareCookies,
}

/// What becomes of responses to requests with `Authorization`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthorizedResponses {
    /// They are stored if they say that they may be shared: `public`, `s-maxage` or `must-revalidate` (RFC 9111 section 3.5).
    #[default]
    IfDeclaredShareable,
    /// They are stored as if anyone had asked, and what was meant for one user is given to all.
    SharePrivateDataWithEveryone,
}

/// Whether a client may say how a cache is to be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequestDirectives {
    /// Only `no-store` and `only-if-cached` count. Otherwise any client could send all its requests to the service, past the
    /// cache that protects it.
    #[default]
    Ignore,
    /// All count: `no-cache`, `max-age`, `min-fresh`, `max-stale` and `Pragma` too.
    Honour,
}

impl Rules {
    /// Those of RFC 9111, without a lifetime for what does not say one, and with `CDN-Cache-Control`.
    pub fn new() -> Self {
        Self {
            default_ttl: None,
            heuristic: None,
            grace: Grace::NONE,
            targeted: vec![CDN_CACHE_CONTROL],
            cookies: CookieResponses::default(),
            authorized: AuthorizedResponses::default(),
            request_directives: RequestDirectives::default(),
        }
    }

    /// For how long a response is fresh that says nothing of it, counted from when it came. Only of a status that is
    /// [heuristically cacheable](super::is_heuristically_cacheable), or with `public`.
    #[must_use]
    pub fn default_ttl(self, ttl: Duration) -> Self {
        Self { default_ttl: Some(ttl), ..self }
    }

    /// A lifetime for responses that say no more than when they were last modified. It comes before the
    /// [`default_ttl`](Self::default_ttl).
    #[must_use]
    pub fn heuristic(self, heuristic: Heuristic) -> Self {
        Self { heuristic: Some(heuristic), ..self }
    }

    /// How long a response may be used when stale that says nothing of it.
    #[must_use]
    pub fn grace(self, grace: Grace) -> Self {
        Self { grace, ..self }
    }

    /// The fields that count instead of `Cache-Control` (RFC 9213), the first that is there. `CDN-Cache-Control` if not said.
    #[must_use]
    pub fn targeted(self, fields: impl IntoIterator<Item = HeaderName>) -> Self {
        Self { targeted: fields.into_iter().collect(), ..self }
    }

    /// What becomes of responses that set cookies.
    #[must_use]
    pub fn cookies(self, cookies: CookieResponses) -> Self {
        Self { cookies, ..self }
    }

    /// What becomes of responses to requests with `Authorization`.
    #[must_use]
    pub fn authorized(self, authorized: AuthorizedResponses) -> Self {
        Self { authorized, ..self }
    }

    /// Whether a client may say how the cache is to be used.
    #[must_use]
    pub fn request_directives(self, policy: RequestDirectives) -> Self {
        Self { request_directives: policy, ..self }
    }

    /// The fields that count instead of `Cache-Control`.
    pub fn targeted_fields(&self) -> &[HeaderName] {
        &self.targeted
    }

    /// How long a response may be used when stale that says nothing of it.
    pub fn allowed_grace(&self) -> Grace {
        self.grace
    }

    /// What becomes of responses to requests with `Authorization`.
    pub fn shares_authorized(&self) -> AuthorizedResponses {
        self.authorized
    }

    /// Whether responses that set cookies are stored with them.
    pub fn shares_cookies(&self) -> bool {
        self.cookies == CookieResponses::ShareCookies
    }

    /// Whether a client may say how the cache is to be used.
    pub fn obeyed_directives(&self) -> RequestDirectives {
        self.request_directives
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::new()
    }
}

impl Heuristic {
    /// A tenth of the time since it was modified, and a day at most.
    pub const fn new() -> Self {
        Self { percent: 10, max: Duration::from_secs(24 * 60 * 60) }
    }

    /// Another part than 10 percent.
    ///
    /// # Panics
    ///
    /// If it is more than 100.
    #[must_use]
    pub const fn percent(self, percent: u8) -> Self {
        assert!(
            percent <= 100,
            "a heuristic lifetime is at most 100 percent of the time since the last change"
        );
        Self { percent, ..self }
    }

    /// Another bound than a day.
    #[must_use]
    pub const fn max(self, max: Duration) -> Self {
        Self { max, ..self }
    }
}

impl Default for Heuristic {
    fn default() -> Self {
        Self::new()
    }
}
