use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::Response;
use tower_layer::Layer;

#[cfg(feature = "config")]
use super::watched::Watched;
use super::{
    Breaker, CircuitBreaker, Handle, StateChange,
    admission::{Admission, Config},
    watched::Usage,
};
use crate::{
    clock::Clock,
    head::Head,
    key::{KeyExtractor, OnMissingKey},
    reject::{Rejection, rendered_by},
    route::RouteTable,
    verdict::{Answer, Judge, Verdict},
};

/// Keeps requests from the service inside while it fails.
///
/// ```
/// use std::{convert::Infallible, time::Duration};
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, service_fn};
/// use tower_weir::circuit_breaker::{Breaker, CircuitBreakerLayer};
///
/// let breaker = Breaker::new().slow_calls(Duration::from_millis(500), 0.8)?;
/// let service = ServiceBuilder::new()
///     .layer(CircuitBreakerLayer::new(breaker))
///     .service(service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(String::new()))));
/// # Ok::<(), tower_weir::error::ConfigError>(())
/// ```
///
/// See the [module](super) for what it does. Clones share their breakers, also clones that are configured further.
#[derive(Clone)]
pub struct CircuitBreakerLayer {
    config: Config,
    admission: Arc<Admission>,
}

impl CircuitBreakerLayer {
    /// Breaks all requests by `breaker`.
    pub fn new(breaker: Breaker) -> Self {
        Self::with_base(Some(breaker), None)
    }

    /// Breaks only the requests that `routes` names. Clones of one breaker open and close together.
    pub fn for_routes(routes: RouteTable<Breaker>) -> Self {
        Self::with_base(None, Some(routes))
    }

    fn with_base(base: Option<Breaker>, routes: Option<RouteTable<Breaker>>) -> Self {
        let usage = Usage {
            clock: Clock::system(),
            judge: Judge::default(),
            key: None,
            on_missing_key: OnMissingKey::default(),
            on_change: None,
        };
        let config = Config { base, routes, usage, on_reject: None, shadow: false };
        Self { admission: Arc::new(Admission::new(&config)), config }
    }

    fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self.admission = Arc::new(Admission::new(&self.config));
        self
    }

    /// Breaks the requests that `routes` names by its breakers instead of the layer's own.
    pub fn routes(self, routes: RouteTable<Breaker>) -> Self {
        self.with(|config| config.routes = Some(routes))
    }

    /// Gives each key a circuit of its own, see [`key`](crate::key): each tenant, each host that a client calls.
    ///
    /// Each breaker of the layer has [so many](Breaker::max_keys) keys at most.
    pub fn key(self, extractor: impl KeyExtractor) -> Self {
        self.with(|config| config.usage.key = Some(Arc::new(extractor)))
    }

    /// Says what becomes of a request that carries no key.
    pub fn on_missing_key(self, choice: OnMissingKey) -> Self {
        self.with(|config| config.usage.on_missing_key = choice)
    }

    /// Judges answers by `classify` instead of [`Verdict::of`].
    ///
    /// ```
    /// use tower_weir::{circuit_breaker::{Breaker, CircuitBreakerLayer}, verdict::Verdict};
    ///
    /// // 429 is about this client and no sign that the service fails.
    /// let layer = CircuitBreakerLayer::new(Breaker::new()).classify(|answer| match answer.status.as_u16() {
    ///     429 => Verdict::Ignored,
    ///     _ => Verdict::of(answer),
    /// });
    /// ```
    ///
    /// Failure and overload count as failures, client errors and successes as successes, what is ignored not at all. It is asked
    /// once for each answer, with the head, or of a gRPC answer that has no code there, with the trailers. An error of the inner
    /// service is a failure and not asked about. If it panics, that counts as a failure of the call.
    pub fn classify(
        self,
        classify: impl Fn(&Answer<'_>) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        self.with(|config| config.usage.judge = Judge::new(classify))
    }

    /// Only counts what it would reject, and lets it pass: a dry run.
    ///
    /// Breakers open and close as if the requests were rejected: what becomes of those that would be does not count, and only
    /// as many as would be let through are probes.
    pub fn shadow(self, shadow: bool) -> Self {
        self.with(|config| config.shadow = shadow)
    }

    /// Calls `tell` whenever a breaker of the layer changes its state.
    ///
    /// ```
    /// use tower_weir::circuit_breaker::{Breaker, CircuitBreakerLayer};
    ///
    /// let layer = CircuitBreakerLayer::new(Breaker::new()).on_state_change(|change| {
    ///     eprintln!("{}: {} -> {}, because {}", change.breaker, change.from, change.to, change.cause);
    /// });
    /// ```
    ///
    /// It is called by the request that made the change, outside of all locks, so it may use a [`Handle`]; the request waits for
    /// it. If it panics, that is logged, and nothing else happens.
    pub fn on_state_change(self, tell: impl Fn(&StateChange<'_>) + Send + Sync + 'static) -> Self {
        self.with(|config| config.usage.on_change = Some(Arc::new(tell)))
    }

    /// Answers rejected requests with `render` instead of [`Rejection::response`].
    ///
    /// ```
    /// use http::Response;
    /// use tower_weir::circuit_breaker::{Breaker, CircuitBreakerLayer};
    ///
    /// let layer = CircuitBreakerLayer::new(Breaker::new()).on_reject(|rejection, _| {
    ///     let mut response = Response::new("Back in a moment.\n");
    ///     *response.status_mut() = rejection.reason().status();
    ///     response
    /// });
    /// ```
    ///
    /// `Retry-After` ([`Rejection::retry_after_secs`]) is added to its answer unless the request is gRPC. For such requests begin
    /// with [`Rejection::response`] and change its headers.
    pub fn on_reject<R>(
        self,
        render: impl Fn(&Rejection, &Head<'_>) -> Response<R> + Send + Sync + 'static,
    ) -> Self
    where
        R: Into<Bytes>,
    {
        self.with(|config| config.on_reject = Some(rendered_by(render)))
    }

    /// Reads time from `clock`; the system's otherwise. Layers that share a breaker must share the clock.
    pub fn clock(self, clock: Clock) -> Self {
        self.with(|config| config.usage.clock = clock)
    }

    #[cfg(feature = "config")]
    pub(super) fn watched(&self) -> Vec<&Arc<Watched>> {
        self.admission.breakers()
    }

    /// Whether it was a dry run before a handle said otherwise.
    #[cfg(feature = "config")]
    pub(super) fn is_shadow_as_built(&self) -> bool {
        self.config.shadow
    }

    /// Reads and steers the layer while it is at work.
    pub fn handle(&self) -> Handle {
        Handle::new(&self.admission)
    }
}

impl Default for CircuitBreakerLayer {
    /// By [`Breaker::new`].
    fn default() -> Self {
        Self::new(Breaker::new())
    }
}

impl<S> Layer<S> for CircuitBreakerLayer {
    type Service = CircuitBreaker<S>;

    fn layer(&self, inner: S) -> CircuitBreaker<S> {
        CircuitBreaker::new(inner, Arc::clone(&self.admission))
    }
}

impl fmt::Debug for CircuitBreakerLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreakerLayer")
            .field("breaker", &self.config.base)
            .field("routes", &self.config.routes)
            .finish_non_exhaustive()
    }
}
