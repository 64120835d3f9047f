use std::time::Duration;

use http::HeaderName;

use super::Key;

/// `cache`
#[derive(Clone, Debug, PartialEq)]
pub(in crate::stack) struct Cache {
    /// For responses that do not say how long they may be used.
    pub(in crate::stack) ttl: Option<Duration>,
    pub(in crate::stack) stale_while_revalidate: Duration,
    pub(in crate::stack) stale_if_error: Duration,
    /// Header fields that tell requests apart.
    pub(in crate::stack) vary: Vec<HeaderName>,
    /// Header fields that keep requests apart unless they are named here: those by which clients prove who they are.
    pub(in crate::stack) disregard: Vec<HeaderName>,
    pub(in crate::stack) query: Query,
    /// Who does not share responses with others.
    pub(in crate::stack) key: Option<Key>,
    /// Whether a response without a lifetime may be used for a part of its age.
    pub(in crate::stack) heuristic: bool,
    pub(in crate::stack) set_cookie: Cookies,
    pub(in crate::stack) authorization: Authorization,
    pub(in crate::stack) client_directives: ClientDirectives,
    pub(in crate::stack) max_object_bytes: u64,
    /// Different responses to one request, by `Vary`.
    pub(in crate::stack) max_variants: usize,
    /// For how long a URI is passed by whose response could not be stored.
    pub(in crate::stack) pass_for: Duration,
    /// How long a request waits for the call of another.
    pub(in crate::stack) max_wait: Duration,
    /// 0 for none; 1 is usual.
    pub(in crate::stack) early_refresh: f64,
    /// Whether `Cache-Status` says what was done.
    pub(in crate::stack) cache_status: bool,
    /// Whether responses are kept compressed.
    #[cfg(feature = "compression")]
    pub(in crate::stack) compress: bool,
}

/// What of a query tells requests apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::stack) enum Query {
    /// `as_is`
    #[default]
    AsIs,
    /// `sorted`
    Sorted,
    /// `ignored`
    Ignored,
    /// `{ only = ["q", "page"] }`
    Only(Vec<String>),
    /// `{ without = ["utm_source"] }`
    Without(Vec<String>),
}

/// What becomes of responses that set a cookie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::stack) enum Cookies {
    #[default]
    Refuse,
    Share,
}

/// What becomes of responses to requests with `Authorization`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::stack) enum Authorization {
    /// Stored if they say that they may be shared.
    #[default]
    IfDeclaredShareable,
    /// Stored as if anyone had asked: what was meant for one user is given to all.
    SharePrivateDataWithEveryone,
}

/// What a client's `Cache-Control` counts for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::stack) enum ClientDirectives {
    Honour,
    #[default]
    Ignore,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            ttl: None,
            stale_while_revalidate: Duration::ZERO,
            stale_if_error: Duration::ZERO,
            vary: Vec::new(),
            disregard: Vec::new(),
            query: Query::default(),
            key: None,
            heuristic: false,
            set_cookie: Cookies::default(),
            authorization: Authorization::default(),
            client_directives: ClientDirectives::default(),
            max_object_bytes: 1 << 20,
            max_variants: 16,
            pass_for: Duration::from_secs(10),
            max_wait: Duration::from_secs(30),
            early_refresh: 0.0,
            cache_status: true,
            #[cfg(feature = "compression")]
            compress: false,
        }
    }
}
