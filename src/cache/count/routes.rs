use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use metrics::{Counter, counter};

use super::{Outcome, RouteStats};
use crate::{
    head::Head,
    reject::is_grpc,
    route::{Names, RouteName, RouteNamer, UNMATCHED},
    telemetry::names,
};

/// The counts of each route.
#[derive(Debug)]
pub(in super::super) struct Routes {
    namer: RouteNamer,
    patterns: Names<Arc<RouteCounts>>,
    rpcs: Names<Arc<RouteCounts>>,
    unmatched: Arc<RouteCounts>,
    cache: Arc<str>,
}

/// How often requests of one route were answered how.
#[derive(Debug)]
pub(crate) struct RouteCounts {
    route: Arc<str>,
    counts: [AtomicU64; Outcome::ALL.len()],
    meters: [Counter; Outcome::ALL.len()],
}

/// Clients make up names of gRPC methods, so not all of them are counted apart.
const MAX_RPCS: usize = 1_000;

impl Routes {
    pub(in super::super) fn new(cache: &str, namer: RouteNamer) -> Self {
        Self {
            namer,
            patterns: Names::new(usize::MAX),
            rpcs: Names::new(MAX_RPCS),
            unmatched: Arc::new(RouteCounts::new(cache, &Arc::from(UNMATCHED))),
            cache: cache.into(),
        }
    }

    /// Those of the route of the request with this head.
    #[inline]
    pub(in super::super) fn of(&self, head: &Head<'_>) -> &Arc<RouteCounts> {
        let make = |name: &Arc<str>| Arc::new(RouteCounts::new(&self.cache, name));
        let counts = match self.namer.name(head, is_grpc(head.headers)) {
            RouteName::Pattern(pattern) => self.patterns.get_or_add(pattern, make),
            RouteName::Rpc(path) => self.rpcs.get_or_add(path, make),
            RouteName::Unmatched => None,
        };
        counts.unwrap_or(&self.unmatched)
    }

    /// Those of all routes that have had a request, by name.
    pub(in super::super) fn stats(&self) -> Vec<RouteStats> {
        let known = self.patterns.values().chain(self.rpcs.values());
        let all = known.chain([&self.unmatched]).map(|counts| counts.stats());
        let mut all: Vec<RouteStats> = all.filter(|stats| stats.requests() > 0).collect();
        all.sort_by(|a, b| a.route.cmp(&b.route));
        all
    }
}

impl RouteCounts {
    pub(in super::super) fn new(cache: &str, route: &Arc<str>) -> Self {
        let counter = |outcome: Outcome| {
            let (cache, route) = (cache.to_owned(), route.to_string());
            counter!(names::CACHE_REQUESTS.name, "cache" => cache, "route" => route, "outcome" => outcome.as_str())
        };
        Self {
            route: Arc::clone(route),
            counts: Default::default(),
            meters: Outcome::ALL.map(counter),
        }
    }

    #[inline]
    pub(in super::super) fn count(&self, outcome: Outcome) {
        self.counts[outcome as usize].fetch_add(1, Ordering::Relaxed);
        self.meters[outcome as usize].increment(1);
    }

    fn stats(&self) -> RouteStats {
        let of = |outcome: Outcome| self.counts[outcome as usize].load(Ordering::Relaxed);
        RouteStats {
            route: self.route.to_string(),
            hits: of(Outcome::Hit),
            stale_hits: of(Outcome::Stale),
            revalidated: of(Outcome::Revalidated),
            collapsed: of(Outcome::Collapsed),
            misses: of(Outcome::Miss),
            bypassed: of(Outcome::Bypass),
        }
    }
}
