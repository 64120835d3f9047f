use std::fmt;

use crate::cache::Usage;

/// What a cache has done so far, and what it holds.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// The name of the cache.
    pub cache: String,
    /// All routes together.
    pub total: RouteStats,
    /// Each route that has had a request, by name.
    pub routes: Vec<RouteStats>,
    /// What the store holds, for all caches that share it.
    pub store: Usage,
}

/// How the requests of one route were answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouteStats {
    /// The route, as in metrics; empty for all together.
    pub route: String,
    /// With a stored response that was fresh.
    pub hits: u64,
    /// With a stored response that was stale, while it was refreshed or because the service failed.
    pub stale_hits: u64,
    /// With a stored response that the service confirmed.
    pub revalidated: u64,
    /// With a response that was on its way for another request.
    pub collapsed: u64,
    /// By the service.
    pub misses: u64,
    /// By the service, without asking the cache: for the method, say, or because the request had no clear fingerprint.
    pub bypassed: u64,
}

impl RouteStats {
    /// All requests.
    pub const fn requests(&self) -> u64 {
        self.hits
            + self.stale_hits
            + self.revalidated
            + self.collapsed
            + self.misses
            + self.bypassed
    }

    /// The share of requests that cost the service nothing, of those that the cache was asked about; `None` if there were none.
    pub fn hit_rate(&self) -> Option<f64> {
        let free = self.hits + self.stale_hits + self.collapsed;
        let asked = free + self.revalidated + self.misses;
        (asked > 0).then(|| free as f64 / asked as f64)
    }

    fn add(mut self, other: &Self) -> Self {
        self.hits += other.hits;
        self.stale_hits += other.stale_hits;
        self.revalidated += other.revalidated;
        self.collapsed += other.collapsed;
        self.misses += other.misses;
        self.bypassed += other.bypassed;
        self
    }
}

impl Stats {
    pub(in super::super) fn new(cache: &str, routes: Vec<RouteStats>, store: Usage) -> Self {
        let total = routes.iter().fold(RouteStats::default(), RouteStats::add);
        Self { cache: cache.to_owned(), total, routes, store }
    }
}

impl fmt::Display for Stats {
    /// A table for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = self.routes.iter().map(|route| route.route.len()).max().unwrap_or(0).max(5);
        writeln!(
            f,
            "{:widest$} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
            self.cache, "hit rate", "hits", "stale", "confirmed", "shared", "misses", "bypassed"
        )?;
        let mut row = |name: &str, of: &RouteStats| {
            let rate = of
                .hit_rate()
                .map_or_else(|| "-".to_owned(), |rate| format!("{:.1} %", rate * 100.0));
            writeln!(
                f,
                "{name:widest$} {rate:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
                of.hits, of.stale_hits, of.revalidated, of.collapsed, of.misses, of.bypassed
            )
        };
        for route in &self.routes {
            row(&route.route, route)?;
        }
        row("all", &self.total)?;
        let Usage { entries, bytes, evictions, .. } = self.store;
        write!(f, "{entries} responses in {} KiB", bytes.div_ceil(1024))?;
        if let Some(max) = self.store.max_bytes {
            write!(f, " of {}", max / 1024)?;
        }
        write!(f, "; {evictions} made room for others")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hit_rate_is_that_of_requests_the_cache_was_asked_about() {
        let route = RouteStats {
            hits: 5,
            stale_hits: 1,
            collapsed: 2,
            revalidated: 1,
            misses: 1,
            bypassed: 90,
            ..Default::default()
        };
        assert_eq!((route.requests(), route.hit_rate()), (100, Some(0.8)));
        assert_eq!(RouteStats::default().hit_rate(), None);
        let stats = Stats::new("pages", vec![route.clone(), route], Usage::default());
        assert_eq!((stats.total.requests(), stats.total.hit_rate()), (200, Some(0.8)));
        let text = stats.to_string();
        assert!(
            text.contains("80.0 %")
                && text.ends_with("0 responses in 0 KiB; 0 made room for others"),
            "{text}"
        );
    }
}
