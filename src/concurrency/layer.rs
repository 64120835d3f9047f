use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::Response;
use tower_layer::Layer;

use super::{
    ConcurrencyLimit, Handle, HoldUntil, Limiter, Priorities, Queue,
    admission::{Admission, Config},
    shed::Shed,
};
use crate::{
    clock::Clock,
    error::ConfigError,
    head::Head,
    key::{KeyExtractor, OnMissingKey},
    reject::{Rejection, rendered_by},
    route::RouteTable,
    verdict::{Answer, Judge, Verdict},
};

/// Limits how many requests are under way at once in the service inside.
///
/// ```
/// use std::{convert::Infallible, time::Duration};
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, service_fn};
/// use tower_weir::concurrency::{ConcurrencyLimitLayer, Fixed, Queue};
///
/// let service = ServiceBuilder::new()
///     .layer(ConcurrencyLimitLayer::new(Fixed::new(64)).queue(Queue::new(Duration::from_millis(200))))
///     .service(service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(String::new()))));
/// ```
///
/// See the [module](super) for what it does. All services that it makes enforce one limit together, and so do those of its
/// clones. To configure a clone further makes another limit, unless the setting says otherwise.
///
/// The service inside must be `Clone`, as those of axum, tonic and hyper are: a request that waits keeps one for itself.
#[derive(Clone)]
pub struct ConcurrencyLimitLayer {
    config: Config,
    admission: Arc<Admission>,
}

impl ConcurrencyLimitLayer {
    /// Limits all requests together by `limiter`: a [`Limiter`], or a [`Limit`](super::Limit) to make one of.
    pub fn new(limiter: impl Into<Limiter>) -> Self {
        Self::build(Some(limiter.into()), None)
    }

    /// Limits only the requests that `routes` names, see [`ConcurrencyLimitLayer::routes`].
    ///
    /// Such a layer has no limiter of its own. What would configure that panics: configure those in `routes` before.
    pub fn for_routes(routes: RouteTable<Limiter>) -> Self {
        Self::build(None, Some(routes))
    }

    fn build(limiter: Option<Limiter>, routes: Option<RouteTable<Limiter>>) -> Self {
        Self::with_config(Config {
            limiter,
            routes,
            hold_until: HoldUntil::default(),
            judge: Judge::default(),
            exempt: Vec::new(),
            shadow: false,
            shed: Shed::new(),
        })
    }

    fn with_config(config: Config) -> Self {
        Self { admission: Arc::new(Admission::new(config.clone())), config }
    }

    fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        Self::with_config(self.config)
    }

    fn with_limiter(self, change: impl FnOnce(Limiter) -> Limiter) -> Self {
        self.try_with_limiter(|limiter| Ok(change(limiter)))
            .unwrap_or_else(|error| panic!("{error}"))
    }

    fn try_with_limiter(
        mut self,
        change: impl FnOnce(Limiter) -> Result<Limiter, ConfigError>,
    ) -> Result<Self, ConfigError> {
        let Some(limiter) = self.config.limiter.take() else {
            panic!("the layer has no limiter of its own: configure those of its routes")
        };
        self.config.limiter = Some(change(limiter)?);
        Ok(Self::with_config(self.config))
    }

    /// Limits the requests that `routes` names by its limiters instead of the layer's own.
    ///
    /// Entries that are clones of one limiter share it; so do layers.
    pub fn routes(self, routes: RouteTable<Limiter>) -> Self {
        self.with(|config| config.routes = Some(routes))
    }

    /// Lets requests wait, see [`Limiter::queue`].
    ///
    /// # Panics
    ///
    /// If the layer limits [only routes](ConcurrencyLimitLayer::for_routes).
    pub fn queue(self, queue: Queue) -> Self {
        self.with_limiter(|limiter| limiter.queue(queue))
    }

    /// Lets none wait, see [`Limiter::reject_when_full`].
    ///
    /// # Panics
    ///
    /// If the layer limits [only routes](ConcurrencyLimitLayer::for_routes).
    pub fn reject_when_full(self) -> Self {
        self.with_limiter(Limiter::reject_when_full)
    }

    /// Tells classes of requests apart, see [`Limiter::priorities`].
    ///
    /// # Panics
    ///
    /// If the layer limits [only routes](ConcurrencyLimitLayer::for_routes).
    pub fn priorities(self, priorities: Priorities) -> Self {
        self.with_limiter(|limiter| limiter.priorities(priorities))
    }

    /// Limits each key by itself, see [`Limiter::key`].
    ///
    /// # Panics
    ///
    /// If the layer limits [only routes](ConcurrencyLimitLayer::for_routes).
    pub fn key(self, extractor: impl KeyExtractor) -> Self {
        self.with_limiter(|limiter| limiter.key(extractor))
    }

    /// Says what becomes of a request that carries no key, see [`Limiter::on_missing_key`].
    ///
    /// # Panics
    ///
    /// If there is no limit for each [key](ConcurrencyLimitLayer::key), or the layer limits
    /// [only routes](ConcurrencyLimitLayer::for_routes).
    pub fn on_missing_key(self, choice: OnMissingKey) -> Self {
        self.with_limiter(|limiter| limiter.on_missing_key(choice))
    }

    /// Keeps limits for so many keys at most, see [`Limiter::max_keys`].
    ///
    /// # Errors
    ///
    /// If `capacity` is zero.
    ///
    /// # Panics
    ///
    /// If there is no limit for each [key](ConcurrencyLimitLayer::key), or the layer limits
    /// [only routes](ConcurrencyLimitLayer::for_routes).
    pub fn max_keys(self, capacity: usize) -> Result<Self, ConfigError> {
        self.try_with_limiter(|limiter| limiter.max_keys(capacity))
    }

    /// Names the layer's own limiter, see [`Limiter::named`].
    ///
    /// # Panics
    ///
    /// If the layer limits [only routes](ConcurrencyLimitLayer::for_routes).
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.with_limiter(|limiter| limiter.named(name))
    }

    /// Reads time from `clock`, see [`Limiter::clock`].
    ///
    /// # Panics
    ///
    /// If the layer limits [only routes](ConcurrencyLimitLayer::for_routes).
    pub fn clock(self, clock: Clock) -> Self {
        self.with_limiter(|limiter| limiter.clock(clock))
    }

    /// Says until when a request counts as under way. It makes no other limit.
    pub fn hold_until(self, until: HoldUntil) -> Self {
        self.with(|config| config.hold_until = until)
    }

    /// Says what an answer tells of the service, for adaptive limits; [`Verdict::of`] otherwise. It makes no other limit.
    pub fn classify(
        self,
        classify: impl Fn(&Answer<'_>) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        self.with(|config| config.judge = Judge::new(classify))
    }

    /// Lets requests pass that do not count as under way, such as health checks. It makes no other limit.
    pub fn exempt(self, exempt: impl Fn(&Head<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.with(|config| config.exempt.push(Arc::new(exempt)))
    }

    /// Lets every request pass, and counts those that it would refuse or let wait. It makes no other limit.
    ///
    /// An adaptive limit learns all the same, from a service that nobody guards.
    pub fn shadow(self, shadow: bool) -> Self {
        self.with(|config| config.shadow = shadow)
    }

    /// Tells clients to come back after so long; a second otherwise. It makes no other limit.
    pub fn retry_after(self, delay: Duration) -> Self {
        self.with(|config| config.shed = config.shed.clone().retry_after(delay))
    }

    /// Says `RESOURCE_EXHAUSTED` to gRPC instead of `UNAVAILABLE`, see [`Rejection::resource_exhausted`]. It makes no other
    /// limit.
    pub fn resource_exhausted(self) -> Self {
        self.with(|config| config.shed = config.shed.clone().resource_exhausted())
    }

    /// Answers refused requests with `render` instead of [`Rejection::response`]. It makes no other limit.
    pub fn on_reject<R: Into<Bytes>>(
        self,
        render: impl Fn(&Rejection, &Head<'_>) -> Response<R> + Send + Sync + 'static,
    ) -> Self {
        self.with(|config| config.shed = config.shed.clone().render(rendered_by(render)))
    }

    /// Reads and steers the layer while it is at work.
    pub fn handle(&self) -> Handle {
        Handle::new(&self.admission)
    }
}

impl<S> Layer<S> for ConcurrencyLimitLayer {
    type Service = ConcurrencyLimit<S>;

    fn layer(&self, inner: S) -> ConcurrencyLimit<S> {
        ConcurrencyLimit::new(inner, Arc::clone(&self.admission))
    }
}

impl fmt::Debug for ConcurrencyLimitLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConcurrencyLimitLayer")
            .field("limiter", &self.config.limiter)
            .field("routes", &self.config.routes)
            .finish_non_exhaustive()
    }
}
