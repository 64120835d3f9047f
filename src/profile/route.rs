//! The routes that are known, and what is known of each.

use std::{
    fmt,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    handle::Core,
    meters::{ActiveMeters, METHODS, RouteMeters},
    series::Series,
};
use crate::clock::{Clock, Timestamp};

/// What all routes and operations of a profile have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) clock: Clock,
    /// When the profile was made or last reset, in nanoseconds.
    pub(super) since: AtomicU64,
    /// How many of the slowest requests each keeps.
    pub(super) exemplars: usize,
    pub(super) active: ActiveMeters,
}

impl Shared {
    /// When the profile was made or last reset.
    pub(super) fn since(&self) -> Timestamp {
        Timestamp::from_nanos(self.since.load(Ordering::Relaxed))
    }
}

/// A route, with what is known of each method.
pub(super) struct Route {
    pub(super) name: Arc<str>,
    pub(super) shared: Arc<Shared>,
    /// Weak, as the profile has the route.
    pub(super) profile: Weak<Core>,
    /// Made when its first request comes.
    methods: [OnceLock<Box<RouteMethod>>; METHODS.len()],
}

pub(super) struct RouteMethod {
    pub(super) series: Series,
    pub(super) meters: RouteMeters,
}

impl Route {
    pub(super) fn new(name: &Arc<str>, shared: &Arc<Shared>, profile: &Weak<Core>) -> Self {
        Self {
            name: Arc::clone(name),
            shared: Arc::clone(shared),
            profile: Weak::clone(profile),
            methods: [const { OnceLock::new() }; METHODS.len()],
        }
    }

    /// One of [`METHODS`].
    #[inline]
    pub(super) fn method(&self, method: u8) -> &RouteMethod {
        self.methods[usize::from(method)].get_or_init(|| {
            let series = Series::new(&self.shared, self.shared.exemplars);
            Box::new(RouteMethod { series, meters: RouteMeters::new(&self.name, method) })
        })
    }

    /// Those of [`METHODS`] that were ever asked for.
    pub(super) fn methods(&self) -> impl Iterator<Item = (&'static str, &Series)> {
        let methods = METHODS.into_iter().zip(&self.methods);
        methods.filter_map(|(name, method)| Some((name, &method.get()?.series)))
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Route").field(&self.name).finish()
    }
}
