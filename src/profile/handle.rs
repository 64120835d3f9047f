use std::{
    fmt,
    sync::{
        Arc, LazyLock, OnceLock, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    Exemplar, Operation, ProfilePage, Snapshot, current,
    operation::OperationStats,
    route::{Route, Shared},
};
use crate::{
    clock::Clock,
    route::{Names, UNMATCHED},
};

/// What has been measured: by route and method, and by operation. A cheap clone of a handle to it.
///
/// ```
/// use std::time::Duration;
/// use tower_weir::profile::{Profile, ProfileLayer, Window};
///
/// let profile = Profile::new();
/// let layer = ProfileLayer::new(profile.clone());
///
/// // While requests are served:
/// for route in profile.snapshot().routes {
///     let lately = route.stats(Window::FiveMinutes);
///     if lately.latency.as_ref().is_some_and(|latency| latency.p99 > Duration::from_millis(500)) {
///         eprintln!("{} {} is slow: {lately:?}", route.method, route.route);
///     }
/// }
/// println!("{profile}"); // a table
/// ```
///
/// Several layers may count in one profile.
///
/// # Memory
///
/// It does not grow with traffic. A method of a route takes about 10 KiB for each thread that serves it, since threads do not
/// write to the same cells, and for its windows some 30 KiB after a minute and 160 KiB after an hour, if latencies vary as widely
/// as log-normal ones from 1 to 100 ms do; less if they vary less or it is idle. Windows are kept as histograms in slices of 5 s,
/// 30 s and 5 min, never as samples.
#[derive(Clone)]
pub struct Profile(Arc<Core>);

/// What a profile consists of.
pub(super) struct Core {
    pub(super) shared: Arc<Shared>,
    capacity: usize,
    routes: Names<Arc<Route>>,
    /// For requests without a name, and those for which there is no room.
    unmatched: Arc<Route>,
    operations: Names<Arc<OperationStats>>,
    /// For operations for which there is no room.
    other: OnceLock<Arc<OperationStats>>,
    /// Of the routes.
    profile: Weak<Core>,
}

const DEFAULT_CAPACITY: usize = 1_000;
const DEFAULT_EXEMPLARS: usize = 5;
/// The operations for which there is no room.
const OTHER: &str = "_other";

impl Profile {
    /// An empty profile.
    pub fn new() -> Self {
        Self(Core::new(DEFAULT_CAPACITY, DEFAULT_EXEMPLARS, Clock::system()))
    }

    /// The process's own profile, which [`ProfileLayer::default`](super::ProfileLayer::default) counts in, and operations that
    /// belong to no request.
    pub fn global() -> Self {
        static GLOBAL: LazyLock<Profile> = LazyLock::new(Profile::new);
        GLOBAL.clone()
    }

    /// The profile of the request for which the current thread is at work, if it is one that is counted.
    pub fn current() -> Option<Self> {
        current::profile()
    }

    /// Has room for so many routes; 1,000 unless this is said. Requests to others are counted together under `_unmatched`. The
    /// same goes for operations, under `_other`.
    ///
    /// Said before the profile is given to a layer: it is another one after.
    pub fn capacity(self, routes: usize) -> Self {
        Self(Core::new(routes, self.0.shared.exemplars, self.0.shared.clock.clone()))
    }

    /// Keeps so many of the slowest requests of each route and method; 5 unless this is said.
    ///
    /// Said before the profile is given to a layer: it is another one after.
    pub fn exemplars(self, count: usize) -> Self {
        Self(Core::new(self.0.capacity, count, self.0.shared.clock.clone()))
    }

    /// Reads time from `clock`.
    ///
    /// Said before the profile is given to a layer: it is another one after.
    pub fn clock(self, clock: Clock) -> Self {
        Self(Core::new(self.0.capacity, self.0.shared.exemplars, clock))
    }

    /// All numbers as they are now. Takes some 40 µs for each busy route, and stops no request.
    ///
    /// Each request is in it with all that was counted of it, but for those that end at this very moment.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::take(&self.0)
    }

    /// The `count` slowest requests of the last hour, of all routes, the slowest first.
    pub fn slowest(&self, count: usize) -> Vec<Exemplar> {
        Exemplar::slowest(&self.0, count)
    }

    /// Forgets all that was measured. Requests under way stay under way.
    pub fn reset(&self) {
        let now = self.0.shared.clock.now();
        self.0.shared.since.store(now.as_nanos(), Ordering::Relaxed);
        for route in self.0.routes() {
            route.methods().for_each(|(_, series)| series.reset(now));
        }
        for operation in self.0.operations() {
            operation.series.reset(now);
        }
    }

    /// An operation to be measured in this profile, whatever request it is done for; see [`operation`](super::operation()).
    pub fn operation(&self, name: &str) -> Operation {
        Operation(self.0.operation(name))
    }

    /// A service that answers `GET` with the table, or as JSON if the client prefers that.
    pub fn page(&self) -> ProfilePage {
        ProfilePage::new(self.clone())
    }

    pub(super) fn of(core: Arc<Core>) -> Self {
        Self(core)
    }

    pub(super) fn into_core(self) -> Arc<Core> {
        self.0
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Profile {
    /// The table of the whole lifetime; see [`Snapshot::table`] for others.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.snapshot().fmt(f)
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("routes", &self.0.routes)
            .field("operations", &self.0.operations)
            .finish_non_exhaustive()
    }
}

impl Core {
    fn new(capacity: usize, exemplars: usize, clock: Clock) -> Arc<Self> {
        let since = AtomicU64::new(clock.now().as_nanos());
        let shared = Arc::new(Shared { clock, since, exemplars, active: Default::default() });
        Arc::new_cyclic(|profile| Self {
            unmatched: Arc::new(Route::new(&UNMATCHED.into(), &shared, profile)),
            shared,
            capacity,
            routes: Names::new(capacity),
            operations: Names::new(capacity),
            other: OnceLock::new(),
            profile: Weak::clone(profile),
        })
    }

    /// The route of this name; `None` if it is new and there is no room for it.
    #[inline]
    pub(super) fn route(&self, name: &str) -> Option<Arc<Route>> {
        let new = |name: &Arc<str>| Arc::new(Route::new(name, &self.shared, &self.profile));
        self.routes.get_or_add(name, new).cloned()
    }

    /// The route of this name, if it is known.
    #[inline]
    pub(super) fn known(&self, name: &str) -> Option<Arc<Route>> {
        self.routes.get(name).cloned()
    }

    pub(super) fn unmatched(&self) -> Arc<Route> {
        Arc::clone(&self.unmatched)
    }

    /// All routes, in no order.
    pub(super) fn routes(&self) -> Vec<Arc<Route>> {
        self.routes.values().cloned().chain([self.unmatched()]).collect()
    }

    /// All operations, in no order.
    pub(super) fn operations(&self) -> Vec<Arc<OperationStats>> {
        self.operations.values().chain(self.other.get()).cloned().collect()
    }

    fn operation(&self, name: &str) -> Arc<OperationStats> {
        let new = |name: &Arc<str>| OperationStats::new(name, &self.shared);
        let known = self.operations.get_or_add(name, new);
        Arc::clone(known.unwrap_or_else(|| self.other.get_or_init(|| new(&OTHER.into()))))
    }
}
