use std::{fmt, sync::Arc};

use super::{Reloaded, live::Live};
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
    /// | section | what stays |
    /// |---|---|
    /// | all | whatever is written as before: the very layer goes on, with what it knows |
    /// | `rate_limit` | debts, of policies that keep their period; where the quota is another, as so many requests |
    /// | `cache` | what is stored, and is found again as long as `vary`, `query` and `key` stay; purges reach it in any case |
    /// | `profile` | all of its history |
    ///
    /// A route keeps its state by its name. What a route had in common with the defaults and now has for itself begins anew, and
    /// the other way round.
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
