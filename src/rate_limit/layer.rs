use std::{borrow::Cow, fmt, sync::Arc};

use bytes::Bytes;
use http::Response;
use tower_layer::Layer;

use super::{
    Adaptive, Handle, Headers, LegacyReset, Policy, Queue, QueuedRateLimitLayer, Quota, RateLimit,
    Rule, Served, Table,
    admission::{Admission, Config},
    headers::FieldStyle,
};
#[cfg(feature = "redis")]
use super::{SharedRateLimitLayer, shared::SharedStore};
use crate::{
    clock::Clock,
    error::ConfigError,
    head::Head,
    key::{KeyExtractor, OnMissingKey},
    reject::{Rejection, rendered_by},
    route::RouteTable,
};

/// Limits the rate of requests to the service inside.
///
/// ```
/// use std::convert::Infallible;
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, service_fn};
/// use tower_weir::{key::PeerIp, rate_limit::{Quota, RateLimitLayer}};
///
/// let service = ServiceBuilder::new()
///     .layer(RateLimitLayer::new(Quota::per_second(20)).and(Quota::per_minute(100)).key(PeerIp))
///     .service(service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(String::new()))));
/// ```
///
/// See the [module](super) for what it does. Clones share what keys owe, also clones that are configured further.
#[derive(Clone)]
pub struct RateLimitLayer {
    config: Config,
    admission: Arc<Admission>,
}

impl RateLimitLayer {
    /// Limits all requests by `rule`: a [`Quota`](super::Quota), a [`Policy`] or a [`Rule`].
    pub fn new(rule: impl Into<Rule>) -> Self {
        Self::with_base(rule.into())
    }

    /// Limits only the requests that `routes` names. The settings of the layer hold for those as with
    /// [`RateLimitLayer::routes`].
    pub fn for_routes(routes: RouteTable<Rule>) -> Self {
        Self::with_base(Rule::empty()).routes(routes)
    }

    fn with_base(base: Rule) -> Self {
        let config = Config {
            base,
            routes: None,
            table: Table::with_capacity(Table::DEFAULT_CAPACITY),
            clock: Clock::system(),
            style: FieldStyle::default(),
            on_reject: None,
            retry_jitter: 0.0,
        };
        Self { admission: Arc::new(Admission::new(&config)), config }
    }

    fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self.admission = Arc::new(Admission::new(&self.config));
        self
    }

    fn with_base_rule(self, change: impl FnOnce(Rule) -> Rule) -> Self {
        self.with(|config| config.base = change(std::mem::replace(&mut config.base, Rule::empty())))
    }

    /// Limits the requests that `routes` names by its rules instead of the layer's own.
    ///
    /// Each entry is a limit of its own. What its rule leaves open (key, cost, what becomes of requests without a key) it
    /// takes from the layer's own, and it exempts what that exempts.
    pub fn routes(self, routes: RouteTable<Rule>) -> Self {
        self.with(|config| config.routes = Some(routes))
    }

    /// Adds a policy to the layer's own rule, see [`Rule::and`].
    pub fn and(self, policy: impl Into<Policy>) -> Self {
        self.with_base_rule(|rule| rule.and(policy))
    }

    /// Names the layer's own limit, see [`Rule::named`].
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.with_base_rule(|rule| rule.named(name))
    }

    /// Counts requests for each key, see [`key`](crate::key); without this, all requests together.
    pub fn key(self, extractor: impl KeyExtractor) -> Self {
        self.with_base_rule(|rule| rule.key(extractor))
    }

    /// Says what becomes of a request that carries no key.
    pub fn on_missing_key(self, choice: OnMissingKey) -> Self {
        self.with_base_rule(|rule| rule.on_missing_key(choice))
    }

    /// Charges a request as if it were so many, see [`Rule::cost`].
    pub fn cost(self, cost: impl Fn(&Head<'_>) -> u32 + Send + Sync + 'static) -> Self {
        self.with_base_rule(|rule| rule.cost(cost))
    }

    /// Charges what the response says, see [`Rule::charge_on`].
    pub fn charge_on(self, charge: impl Fn(&Served<'_>) -> u32 + Send + Sync + 'static) -> Self {
        self.with_base_rule(|rule| rule.charge_on(charge))
    }

    /// Charges what the response says when its body has ended, see [`Rule::charge_at_end`].
    pub fn charge_at_end(
        self,
        charge: impl Fn(&Served<'_>) -> u32 + Send + Sync + 'static,
    ) -> Self {
        self.with_base_rule(|rule| rule.charge_at_end(charge))
    }

    /// Gives single requests another quota than that of the policy added last, see [`Rule::quota_for`].
    ///
    /// # Panics
    ///
    /// If the layer's own rule has no policy yet.
    pub fn quota_for(
        self,
        quota: impl Fn(&Head<'_>) -> Option<Quota> + Send + Sync + 'static,
    ) -> Self {
        self.with_base_rule(|rule| rule.quota_for(quota))
    }

    /// Lets the rate of the policy added last fall while the service suffers, see [`Adaptive`].
    ///
    /// # Panics
    ///
    /// If the layer's own rule has no policy yet.
    pub fn adaptive(self, adaptive: Adaptive) -> Self {
        self.with_base_rule(|rule| rule.adaptive(adaptive))
    }

    /// Rejects requests whatever their quota, see [`Rule::deny`].
    pub fn deny(self, deny: impl Fn(&Head<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.with_base_rule(|rule| rule.deny(deny))
    }

    /// Only counts what it would reject, see [`Rule::shadow`].
    pub fn shadow(self, shadow: bool) -> Self {
        self.with_base_rule(|rule| rule.shadow(shadow))
    }

    /// Lets requests pass uncounted, see [`Rule::exempt`].
    pub fn exempt(self, exempt: impl Fn(&Head<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.with_base_rule(|rule| rule.exempt(exempt))
    }

    /// Counts CORS preflights too, see [`Rule::count_preflights`].
    pub fn count_preflights(self) -> Self {
        self.with_base_rule(Rule::count_preflights)
    }

    /// Chooses the header fields that tell clients about the limit.
    pub fn headers(self, headers: Headers) -> Self {
        self.with(|config| config.style.headers = headers)
    }

    /// Reports what remains of every policy in `RateLimit`, not of the tightest only.
    pub fn report_all_policies(self) -> Self {
        self.with(|config| config.style.all_policies = true)
    }

    /// Chooses what `X-RateLimit-Reset` counts.
    pub fn legacy_reset(self, reset: LegacyReset) -> Self {
        self.with(|config| config.style.reset = reset)
    }

    /// Lengthens the retry delay of rejections by a random part of up to `share` of it, so that clients who were refused
    /// together do not all return together.
    ///
    /// # Errors
    ///
    /// If `share` is not between 0 and 10.
    pub fn retry_jitter(self, share: f64) -> Result<Self, ConfigError> {
        if (0.0..=10.0).contains(&share) {
            Ok(self.with(|config| config.retry_jitter = share))
        } else {
            Err(ConfigError::new("retry jitter", share.to_string(), "a share from 0 to 10"))
        }
    }

    /// Answers rejected requests with `render` instead of [`Rejection::response`].
    ///
    /// ```
    /// use http::Response;
    /// use tower_weir::rate_limit::{Quota, RateLimitLayer};
    ///
    /// let layer = RateLimitLayer::new(Quota::per_second(5)).on_reject(|rejection, _| {
    ///     let mut response = Response::new("Slow down, please.\n");
    ///     *response.status_mut() = rejection.reason().status();
    ///     response
    /// });
    /// ```
    ///
    /// The header fields of the limit are added to its answer, and `Retry-After` ([`Rejection::retry_after_secs`]) unless the
    /// request is gRPC. For such requests begin with [`Rejection::response`] and change its headers.
    pub fn on_reject<R>(
        self,
        render: impl Fn(&Rejection, &Head<'_>) -> Response<R> + Send + Sync + 'static,
    ) -> Self
    where
        R: Into<Bytes>,
    {
        self.with(|config| config.on_reject = Some(rendered_by(render)))
    }

    /// Keeps what keys owe in `table`; one of [`Table::DEFAULT_CAPACITY`] otherwise.
    pub fn table(self, table: Table) -> Self {
        self.with(|config| config.table = table)
    }

    /// Reads time from `clock`; the system's otherwise.
    pub fn clock(self, clock: Clock) -> Self {
        self.with(|config| config.clock = clock)
    }

    /// Lets requests wait for their turn that would exceed a quota. This is the last setting: what it makes is another layer.
    pub fn queue(self, queue: Queue) -> QueuedRateLimitLayer {
        QueuedRateLimitLayer::new(self, queue)
    }

    /// Keeps what keys owe in a store that several processes share. This is the last setting: what it makes is another layer.
    ///
    /// ```
    /// use tower_weir::{rate_limit::{Quota, RateLimitLayer}, redis::{Redis, RedisStore}};
    ///
    /// let redis = Redis::open("redis://cache.internal:6379")?;
    /// let layer = RateLimitLayer::new(Quota::per_second(20)).named("api").shared(RedisStore::new(&redis));
    /// # Ok::<(), tower_weir::error::ConfigError>(())
    /// ```
    ///
    /// **Name each limit.** Those of one name count together, whatever layer of whatever process they belong to, and the layers
    /// that nobody named are all called `default`. Limits of routes are named after their patterns.
    #[cfg(feature = "redis")]
    pub fn shared(self, store: impl SharedStore) -> SharedRateLimitLayer {
        SharedRateLimitLayer::new(self, Arc::new(store))
    }

    /// Reads and steers the layer while it is at work.
    pub fn handle(&self) -> Handle {
        Handle::new(&self.admission)
    }

    pub(super) fn admission(&self) -> Arc<Admission> {
        Arc::clone(&self.admission)
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimit<S>;

    fn layer(&self, inner: S) -> RateLimit<S> {
        RateLimit::new(inner, Arc::clone(&self.admission))
    }
}

impl fmt::Debug for RateLimitLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitLayer")
            .field("rule", &self.config.base)
            .field("routes", &self.config.routes)
            .field("table", &self.config.table)
            .finish_non_exhaustive()
    }
}
