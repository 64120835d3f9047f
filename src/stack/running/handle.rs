use std::{fmt, sync::Arc};

use super::{Reloaded, live::Live};
#[cfg(feature = "redis")]
use crate::stack::service::RateLimiting;
use crate::{
    cache, circuit_breaker, coalesce, concurrency,
    profile::Profile,
    rate_limit,
    stack::{ConfigErrors, Overview},
};

/// Reads and steers a running [`Weir`](super::Weir); made by [`Weir::handle`](super::Weir::handle).
///
/// The handles of single layers are those of the layers that are at work when they are asked for. Ask again after a reload: if
/// it changed a section, another layer is at work, which has taken over what was set by the former one's handle.
///
/// Routes go by their names: what the file calls them, or their methods and their pattern, as in `GET /search`. `default` is
/// for requests of no route.
#[derive(Clone)]
pub struct Handle {
    live: Arc<Live>,
}

impl Handle {
    pub(super) fn new(live: &Arc<Live>) -> Self {
        Self { live: Arc::clone(live) }
    }

    /// Reads the file again, and applies what it says.
    ///
    /// All of it is read and built before anything changes; then one pointer is swapped, and the next request of every service
    /// goes by the new settings. Requests that are under way end as they began. It reads a file, so it blocks: in a service,
    /// call it by `tokio::task::spawn_blocking`.
    ///
    /// A section that is written as before goes on with its very layer. Of one that changes:
    ///
    /// | section | what stays | what does not |
    /// |---|---|---|
    /// | `profile` | all of its history | |
    /// | `rate_limit` | debts, as so many requests if the quota is another, and a whole burst at most; what handles have allowed, denied and overridden; a quota, a cap or a dry run that a handle has set, unless the file says otherwise now | debts of a policy that gets another name, as it does with another period; what handles have said of keys, if the key is another; how far an adaptive rate has fallen; the order of those who wait, who pass by the former terms |
    /// | `cache` | what is stored: it is found again as long as stays whom it may be given to (`vary`, `disregard`, `query`, `key`, `set_cookie`, `authorization`, and the trusted proxies for a key that they tell), for as long as it was to be kept, and purged in any case; what was counted, as long as the routes' patterns stay | |
    /// | `coalesce` | calls that others wait for | whoever comes next begins another |
    /// | `concurrency` | whoever is in, and counts; whoever waits, for as long as it was to; what an adaptive limit has learnt; a limit that a handle has set, unless the file has another now; a pause or a drain | all of that, if the key is another, or the number of keys |
    /// | `circuit_breaker` | whether it is open, until when, and forced; what it has counted, if the window is the same | all of that, if the key is another |
    ///
    /// If the trusted proxies change, `forwarded` is another key. A route keeps what it has by its name: see the [handle](Self). What a route had in common with the defaults and now has for itself begins anew,
    /// and the other way round. The sizes of the stores, and the server behind the cache, stay until the next start:
    /// [`Reloaded::at_next_start`].
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or has a mistake. Nothing is changed then.
    pub fn reload(&self) -> Result<Reloaded, ConfigErrors> {
        let reloaded = self.live.reload();
        self.live.keep_watched();
        reloaded
    }

    /// Which configuration is enforced: 1 for that of the start, one more for each that was applied since.
    pub fn generation(&self) -> u64 {
        self.live.stack().generation
    }

    /// Lets nobody in any more where there are concurrency limits, and waits until all who are in there have left; then returns
    /// what limits have leased of a quota that processes share. It is the end of a graceful shutdown: a reload that puts up
    /// another limiter opens it again.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the limits stay closed.
    pub async fn drain(&self) {
        let plans: Vec<_> = self.live.stack().all().cloned().collect();
        let limits = plans.iter().filter_map(|plan| plan.concurrency.as_ref());
        let drained: Vec<_> = limits.map(|limit| limit.handle().drain()).collect();
        for drained in drained {
            drained.await;
        }
        #[cfg(feature = "redis")]
        for plan in &plans {
            if let Some(RateLimiting::Shared(limit)) = &plan.rate_limit {
                limit.return_leases().await;
            }
        }
    }

    /// What is enforced for each route, as a table.
    pub fn overview(&self) -> Overview {
        Overview::new(self.live.stack().settings.clone())
    }

    /// The profile that requests are recorded into.
    pub fn profile(&self) -> Profile {
        self.live.parts.profile.clone()
    }

    /// The rate limit that requests of a route meet.
    pub fn rate_limit(&self, route: &str) -> Option<rate_limit::Handle> {
        let stack = self.live.stack();
        Some(stack.named(route)?.rate_limit.as_ref()?.handle())
    }

    /// What of a route's requests shares calls.
    pub fn coalesce(&self, route: &str) -> Option<coalesce::Handle> {
        let stack = self.live.stack();
        Some(stack.named(route)?.coalesce.as_ref()?.handle())
    }

    /// The concurrency limit that requests of a route meet.
    pub fn concurrency(&self, route: &str) -> Option<concurrency::Handle> {
        let stack = self.live.stack();
        Some(stack.named(route)?.concurrency.as_ref()?.handle())
    }

    /// The circuit breaker that requests of a route meet.
    pub fn circuit_breaker(&self, route: &str) -> Option<circuit_breaker::Handle> {
        let stack = self.live.stack();
        Some(stack.named(route)?.circuit_breaker.as_ref()?.handle())
    }

    /// The cache: of all routes that have one, as they share a store. `None` if no route has one.
    pub fn cache(&self) -> Option<cache::Handle> {
        let stack = self.live.stack();
        let mut caches = stack.all().filter_map(|plan| plan.cache.as_ref());
        caches.next().map(cache::CacheLayer::handle)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("live", &self.live).finish()
    }
}
