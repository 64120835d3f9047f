use std::{borrow::Cow, fmt, num::NonZeroUsize, sync::Arc, time::Duration};

use http::{HeaderName, Response};
use tower_layer::Layer;

use super::{
    Cache, FingerprintBuilder, Handle, Store,
    keeper::{Keeper, Settings},
    rules::{
        AuthorizedResponses, CacheName, CookieResponses, Grace, Heuristic, RequestDirectives, Rules,
    },
};
#[cfg(feature = "config")]
use crate::route::RouteNamer;
use crate::{clock::Clock, error::ConfigError, head::Head, route::RouteTable};

/// Answers requests with responses that the service inside gave before, as far as RFC 9111 allows it.
///
/// ```
/// use std::{convert::Infallible, time::Duration};
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use tower::{ServiceBuilder, service_fn};
/// use tower_weir::cache::{CacheLayer, MemoryStore};
///
/// let store = MemoryStore::with_max_bytes(64 << 20);
/// let service = ServiceBuilder::new()
///     .layer(CacheLayer::new(store).default_ttl(Duration::from_secs(30)))
///     .service(service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))));
/// ```
///
/// See the [module](super) for what it does. All services that it makes share what is stored, and so do those of its clones and of
/// other layers over the same store; layers of different [names](CacheLayer::named) share the store's room and nothing else.
///
/// In nested axum Routers the feature `axum` is needed: axum strips their prefix from the URI, and without it `/x/a` and `/y/a`
/// look the same to layers of two Routers that were nested at `/x` and `/y`.
///
/// The service inside must be `Clone`, as those of axum, tonic and hyper are: a call that many wait for has one of its own.
#[derive(Clone)]
pub struct CacheLayer {
    settings: Settings,
    store: Arc<dyn Store>,
    keeper: Arc<Keeper>,
}

impl CacheLayer {
    /// Keeps responses in `store`.
    ///
    /// By itself it stores what says how long it is fresh. For services that say nothing see
    /// [`default_ttl`](CacheLayer::default_ttl).
    pub fn new(store: impl Store) -> Self {
        Self::build(Settings::default(), Arc::new(store))
    }

    fn build(settings: Settings, store: Arc<dyn Store>) -> Self {
        let keeper = Arc::new(Keeper::new(settings.clone(), Arc::clone(&store)));
        Self { settings, store, keeper }
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        Self::build(self.settings, self.store)
    }

    fn with_rules(self, change: impl FnOnce(Rules) -> Rules) -> Self {
        self.with(|settings| settings.rules = change(std::mem::take(&mut settings.rules)))
    }

    /// Names the cache, for metrics, [`Stats`](super::Stats) and `Cache-Status`; `weir` otherwise.
    ///
    /// Caches of different names share nothing but the room of their store: a purge of one leaves the others alone.
    ///
    /// # Panics
    ///
    /// If the name is empty, or has anything but printable ASCII in it.
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        let name = name.into();
        let status_name = CacheName::new(&name).unwrap_or_else(|error| panic!("{error}"));
        self.with(|settings| {
            settings.name = name;
            settings.status_name = status_name;
        })
    }

    /// Says what requests are told apart by, see [`FingerprintBuilder`].
    pub fn fingerprint(self, fingerprint: FingerprintBuilder) -> Self {
        self.with(|settings| settings.fingerprint = fingerprint)
    }

    /// Keeps responses that say nothing of how long they are fresh for `ttl`; they are not stored otherwise.
    ///
    /// Only answers to GET with a status that may be stored without being asked to (200, 203, 204, 300, 301, 308, 404, 405, 410,
    /// 414, 501), no cookie set, and no `Authorization`, `Cookie` or [other field](FingerprintBuilder::IDENTITIES) that tells who
    /// asks in the request, since these may make an answer personal. If none depends on them, state it by
    /// [`FingerprintBuilder::disregard`].
    pub fn default_ttl(self, ttl: Duration) -> Self {
        self.with_rules(|rules| rules.default_ttl(ttl))
    }

    /// Another [`default_ttl`](CacheLayer::default_ttl) for the routes that `ttls` names.
    pub fn route_ttl(self, ttls: RouteTable<Duration>) -> Self {
        self.with(|settings| settings.route_ttl = Some(ttls))
    }

    /// Finds only what was stored under the same terms. Purges reach all that was stored under the name.
    #[cfg(feature = "config")]
    pub(crate) fn terms(self, terms: u128) -> Self {
        self.with(|settings| settings.terms = Some(terms))
    }

    /// Names requests in figures as `names` does, which may be that of many layers.
    #[cfg(feature = "config")]
    pub(crate) fn names(self, names: RouteNamer) -> Self {
        self.with(|settings| settings.names = Some(names))
    }

    /// Counts requests together with another layer of the same name and store, so that a handle of either tells of both.
    #[cfg(feature = "config")]
    pub(crate) fn counted_with(self, other: &Self) -> Self {
        let counts = Arc::clone(other.keeper.counts());
        self.with(|settings| settings.counts = Some(counts))
    }

    /// Guesses how long a response is fresh that only says when it was last modified (RFC 9111 section 4.2.2).
    pub fn heuristic(self, heuristic: Heuristic) -> Self {
        self.with_rules(|rules| rules.heuristic(heuristic))
    }

    /// Lets stale responses be used where they say nothing of it themselves: while a fresh one is fetched, or if none can be
    /// had.
    pub fn grace(self, grace: Grace) -> Self {
        self.with_rules(|rules| rules.grace(grace))
    }

    /// Says whether clients may say how the cache is used; by default only `no-store` and `only-if-cached` count.
    pub fn request_directives(self, policy: RequestDirectives) -> Self {
        self.with_rules(|rules| rules.request_directives(policy))
    }

    /// Says what becomes of responses that set cookies; they are not stored by default.
    pub fn set_cookie(self, cookies: CookieResponses) -> Self {
        self.with_rules(|rules| rules.cookies(cookies))
    }

    /// Says what becomes of responses to requests with `Authorization`; by default they are stored and used if they say that they
    /// may be shared.
    pub fn authorization(self, authorized: AuthorizedResponses) -> Self {
        self.with_rules(|rules| rules.authorized(authorized))
    }

    /// The fields that count instead of `Cache-Control`, if they are there (RFC 9213); `CDN-Cache-Control` by default.
    pub fn targeted(self, fields: impl IntoIterator<Item = HeaderName>) -> Self {
        self.with_rules(|rules| rules.targeted(fields))
    }

    /// Stores only what `cacheable` agrees to, of what may be stored.
    ///
    /// ```
    /// use tower_weir::cache::{CacheLayer, MemoryStore};
    ///
    /// let layer = CacheLayer::new(MemoryStore::with_max_bytes(1 << 20))
    ///     .cacheable(|request, response| !request.uri.path().starts_with("/admin") && response.status() == 200);
    /// ```
    pub fn cacheable(
        self,
        cacheable: impl Fn(&Head<'_>, &Response<()>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.with(|settings| settings.cacheable = Some(Arc::new(cacheable)))
    }

    /// Does not store bodies of more than so many bytes; 1 MiB by default. They are passed on as they come.
    pub fn max_object_bytes(self, bytes: u64) -> Self {
        self.with(|settings| settings.max_object_bytes = bytes)
    }

    /// Keeps so many variants of one resource at most, those that came last; 16 by default.
    pub fn max_variants(self, variants: NonZeroUsize) -> Self {
        self.with(|settings| settings.max_variants = variants.get())
    }

    /// Lets requests for what turned out not to be storable go to the service side by side for so long, without waiting for
    /// each other; 10 seconds by default.
    pub fn pass_for(self, time: Duration) -> Self {
        self.with(|settings| settings.pass_for = time)
    }

    /// Lets a request wait so long for a call that another has made, before it makes one of its own; 30 seconds by default.
    pub fn max_wait(self, time: Duration) -> Self {
        self.with(|settings| settings.max_wait = time)
    }

    /// Refreshes responses before they are stale, in the background: the likelier the nearer that is, and the longer the service
    /// took for them.
    ///
    /// `beta` is 1 where the paper puts it (Vattani, Chierichetti and Lowenstein, 2015): more is earlier.
    ///
    /// # Errors
    ///
    /// If `beta` is not a positive number.
    pub fn early_refresh(self, beta: f64) -> Result<Self, ConfigError> {
        if !beta.is_finite() || beta <= 0.0 {
            return Err(ConfigError::new(
                "early refresh",
                beta.to_string(),
                "a positive number; 1 is usual",
            ));
        }
        Ok(self.with(|settings| settings.early_refresh = Some(beta)))
    }

    /// Whether responses say in `Cache-Status` what the cache did (RFC 9211); they do by default.
    pub fn cache_status(self, on: bool) -> Self {
        self.with(|settings| settings.cache_status = on)
    }

    /// Whether clients get the fields that list tags, `Surrogate-Key` and `Cache-Tag`, as a cache in front of this one wants to;
    /// they do not by default.
    pub fn pass_tags_on(self, on: bool) -> Self {
        self.with(|settings| settings.pass_tags_on = on)
    }

    /// Keeps responses compressed, where that makes them smaller and they may be.
    ///
    /// ```
    /// use tower_weir::cache::{CacheLayer, Compression, MemoryStore};
    ///
    /// let layer = CacheLayer::new(MemoryStore::with_max_bytes(64 << 20))
    ///     .compress(Compression::gzip().above(2_048));
    /// ```
    ///
    /// Text, JSON, XML and the like is compressed, soon after it was stored and beside the requests. Left as they are: responses
    /// with a `Content-Encoding`, a digest or trailers, with `no-transform`, and those that vary by `Accept-Encoding`, since
    /// their service chooses codings itself.
    ///
    /// Clients that prefer gzip get it as it is stored; for others it is undone, piece by piece as they read. Both forms then say
    /// `Vary: Accept-Encoding`. The `ETag` of the compressed form is weak, as a strong one stands for the same bytes (RFC 9110
    /// section 8.8.3); `If-None-Match` works with either, and ranges are those of the form that the service sent.
    #[cfg(feature = "compression")]
    pub fn compress(self, compression: super::Compression) -> Self {
        self.with(|settings| settings.compression = Some(compression))
    }

    /// Reads time from `clock`; the system's otherwise. Layers that share a store must share the clock.
    pub fn clock(self, clock: Clock) -> Self {
        self.with(|settings| settings.clock = clock)
    }

    /// Reads and purges the cache while it is at work.
    pub fn handle(&self) -> Handle {
        Handle::new(&self.keeper)
    }
}

impl<S> Layer<S> for CacheLayer {
    type Service = Cache<S>;

    fn layer(&self, inner: S) -> Cache<S> {
        Cache::new(inner, Arc::clone(&self.keeper))
    }
}

impl fmt::Debug for CacheLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheLayer")
            .field("name", &self.settings.name)
            .field("fingerprint", &self.settings.fingerprint)
            .field("rules", &self.settings.rules)
            .finish_non_exhaustive()
    }
}
