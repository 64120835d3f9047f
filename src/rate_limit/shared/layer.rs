use std::{fmt, sync::Arc};

use tower_layer::Layer;

use super::{Fallback, Leases, SharedRateLimit, SharedStore, sharing::Sharing};
use crate::rate_limit::{Handle, RateLimitLayer};

/// A [`RateLimitLayer`] whose limits hold for all processes that share a store; made by [`RateLimitLayer::shared`].
///
/// A request waits for the store's answer, so the service inside must be `Clone`, as those of axum, tonic and hyper are: a
/// request that waits keeps one for itself, which is ready.
///
/// ```
/// use std::num::NonZeroU32;
/// use tower_weir::{
///     key::PeerIp,
///     rate_limit::{Fallback, Quota, RateLimitLayer, Share},
///     redis::{Redis, RedisStore},
/// };
///
/// let redis = Redis::open("redis://cache.internal:6379")?;
/// let four = NonZeroU32::new(4).unwrap();
/// let layer = RateLimitLayer::new(Quota::per_second(20))
///     .key(PeerIp)
///     .named("api")
///     .shared(RedisStore::new(&redis))
///     .fallback(Fallback::Local { share: Share::Of(four) }); // five a second each, while there is no answer
/// # Ok::<(), tower_weir::error::ConfigError>(())
/// ```
///
/// Requests of a key that was refused are refused without asking again, until it could pass. So are those that cost more than a
/// burst, for ever, and those that cost nothing pass. What clients are told is the same as without a store, but for requests
/// that nobody was asked about: they are told of no more than whether they pass, or what the store said when it refused.
///
/// | of a [`RateLimitLayer`] | with a store |
/// |---|---|
/// | [`PolicyHandle::set_quota`](crate::rate_limit::PolicyHandle::set_quota) | holds in this process; debts in the store stay as they are, as times |
/// | [`Handle::save`] | holds what this process remembers, which is little |
/// | `Rule::governor` | decides by itself, as ever |
/// | [`Rule::charge_on`](crate::rate_limit::Rule::charge_on) | what is reserved is charged at once, and what the response says is charged or taken back in the background, less what time has paid off: in any time there pass at most a burst, what comes back, and what requests under way at its beginning had reserved; a refusal is not remembered, as others may take back what they reserved |
/// | [`RateLimitLayer::queue`] | cannot be had together with a store |
#[derive(Clone)]
pub struct SharedRateLimitLayer {
    layer: RateLimitLayer,
    store: Arc<dyn SharedStore>,
    fallback: Fallback,
    leases: Option<Leases>,
    sharing: Arc<Sharing>,
}

impl SharedRateLimitLayer {
    pub(in crate::rate_limit) fn new(layer: RateLimitLayer, store: Arc<dyn SharedStore>) -> Self {
        Self::build(layer, store, Fallback::default(), None)
    }

    fn build(
        layer: RateLimitLayer,
        store: Arc<dyn SharedStore>,
        fallback: Fallback,
        leases: Option<Leases>,
    ) -> Self {
        let sharing = Sharing::new(layer.admission(), Arc::clone(&store), fallback, leases);
        Self { layer, store, fallback, leases, sharing: Arc::new(sharing) }
    }

    /// Says what becomes of requests while the store does not answer; each process enforces its share otherwise.
    pub fn fallback(self, fallback: Fallback) -> Self {
        Self::build(self.layer, self.store, fallback, self.leases)
    }

    /// Buys cells ahead for hot keys, so that most of their requests pass without asking the store: see [`Leases`] for the
    /// price.
    ///
    /// Requests of a key that has to buy wait for one purchase together. It goes on if all of them leave, and what it brings is
    /// there for the next. While the store does not answer, cells that are held are spent before anything falls back.
    pub fn leases(self, leases: Leases) -> Self {
        Self::build(self.layer, self.store, self.fallback, Some(leases))
    }

    /// Returns all cells that are held, waits until the store has them, and leases no more: for the end of a graceful shutdown.
    ///
    /// ```
    /// # use tower_weir::rate_limit::SharedRateLimitLayer;
    /// # async fn run(limit: SharedRateLimitLayer, server: impl Future<Output = ()>) {
    /// server.await; // every connection is closed
    /// limit.return_leases().await;
    /// # }
    /// ```
    ///
    /// The cells of a layer that is dropped with all its services are returned too, in the background, if the runtime goes on
    /// for so long. Requests that come after this ask the store one by one.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped once it was polled, cells are returned in the background. It is to be polled within a runtime
    /// of tokio.
    ///
    /// # Panics
    ///
    /// If it is polled without a runtime and there are leases.
    pub async fn return_leases(&self) {
        if let Some(leasing) = self.sharing.leasing() {
            // Only a panic in the store, or the end of the runtime, ends it early.
            let _ = tokio::spawn(Arc::clone(leasing).end()).await;
        }
    }

    /// The layer whose limits it shares.
    #[cfg(feature = "config")]
    pub(crate) fn limiting(&self) -> &RateLimitLayer {
        &self.layer
    }

    /// Reads and steers the running layer.
    pub fn handle(&self) -> Handle {
        self.layer.handle()
    }
}

impl<S> Layer<S> for SharedRateLimitLayer {
    type Service = SharedRateLimit<S>;

    fn layer(&self, inner: S) -> SharedRateLimit<S> {
        SharedRateLimit::new(inner, Arc::clone(&self.sharing))
    }
}

impl fmt::Debug for SharedRateLimitLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedRateLimitLayer")
            .field("layer", &self.layer)
            .field("fallback", &self.fallback)
            .field("leases", &self.leases)
            .finish_non_exhaustive()
    }
}
