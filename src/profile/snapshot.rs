//! The numbers at one moment.

use std::{cmp::Reverse, fmt, time::Duration};

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{
    Histogram, Outcome, Window, handle::Core, history::History, series::Series, table::Table,
    totals::Totals,
};
use crate::clock::Timestamp;

/// All numbers of a profile at one moment; from [`Profile::snapshot`](super::Profile::snapshot).
///
/// Serialized, all times are in seconds, rates in requests a second, and shares between 0 and 1.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// When it was taken, as the time since 1970-01-01T00:00:00Z.
    #[serde(serialize_with = "seconds")]
    pub unix_time: Duration,
    /// Each route and method that was ever asked for, the one with the longest p99 of all time first.
    pub routes: Vec<RouteSnapshot>,
    /// Each operation that was ever done, the one with the longest p99 of all time first.
    pub operations: Vec<OperationSnapshot>,
    /// The slowest requests of the last hour, the slowest first.
    pub slowest: Vec<Exemplar>,
}

/// How many of the slowest requests a snapshot has.
const SLOWEST: usize = 10;

/// What is known of one method of one route.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RouteSnapshot {
    /// The pattern, such as `/users/{id}`, or the gRPC method, or `_unmatched`.
    pub route: String,
    /// The method, or `_OTHER` if it is none of HTTP's own.
    pub method: &'static str,
    /// How many requests are under way.
    pub in_flight: u64,
    #[serde(flatten)]
    windows: Windows<RouteStats>,
}

/// What came in some time.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RouteStats {
    /// How many requests have ended.
    pub count: u64,
    /// How many that is in a second.
    pub rate: f64,
    /// The share of requests that failed by the server's fault ([`Outcome::is_server_fault`]).
    pub error_rate: f64,
    /// How many came to which outcome.
    pub outcomes: Outcomes,
    /// Bytes of request bodies, as announced.
    pub request_bytes: u64,
    /// Bytes of response bodies, as far as they were sent.
    pub response_bytes: u64,
    /// How long requests took to the end of the response's body; `None` if there was none.
    pub latency: Option<Latency>,
    /// How long they took to the head of the response; `None` if there was none.
    pub to_headers: Option<Latency>,
}

/// How many requests came to which outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes([u64; Outcome::ALL.len()]);

/// How long something took. The mean and the ends are exact, the quantiles right within 0.8 %, or 8 ns; of a window so are the
/// ends ([`Histogram::max`]).
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Latency {
    /// The mean.
    #[serde(serialize_with = "seconds")]
    pub mean: Duration,
    /// The shortest.
    #[serde(serialize_with = "seconds")]
    pub min: Duration,
    /// The longest.
    #[serde(serialize_with = "seconds")]
    pub max: Duration,
    /// What half of all took at most.
    #[serde(serialize_with = "seconds")]
    pub p50: Duration,
    /// What 90 % took at most.
    #[serde(serialize_with = "seconds")]
    pub p90: Duration,
    /// What 95 % took at most.
    #[serde(serialize_with = "seconds")]
    pub p95: Duration,
    /// What 99 % took at most.
    #[serde(serialize_with = "seconds")]
    pub p99: Duration,
    /// What 99.9 % took at most.
    #[serde(serialize_with = "seconds")]
    pub p999: Duration,
    /// All of it.
    #[serde(skip)]
    pub histogram: Histogram,
}

/// What is known of one operation.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct OperationSnapshot {
    /// Its name.
    pub name: String,
    /// How many are under way.
    pub in_flight: u64,
    #[serde(flatten)]
    windows: Windows<OperationStats>,
}

/// What was done in some time.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct OperationStats {
    /// How many have ended.
    pub count: u64,
    /// How many that is in a second.
    pub rate: f64,
    /// How many succeeded.
    pub successes: u64,
    /// How many failed.
    pub failures: u64,
    /// How many were given up.
    pub cancelled: u64,
    /// How long they took; `None` if there was none.
    pub latency: Option<Latency>,
}

/// One of the slowest requests.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Exemplar {
    /// The pattern of its route.
    pub route: String,
    /// Its method.
    pub method: &'static str,
    /// How long it took, exactly.
    #[serde(serialize_with = "seconds")]
    pub latency: Duration,
    /// The status that it was answered with, if it was.
    pub status: Option<u16>,
    /// What became of it.
    pub outcome: Outcome,
    /// Its `traceparent` or request id, by which it may be found elsewhere, if it had one: the first 128 bytes, with
    /// whatever characters the client put there.
    pub id: Option<String>,
    /// How long ago it ended.
    #[serde(serialize_with = "seconds")]
    pub ago: Duration,
}

impl Snapshot {
    pub(super) fn take(core: &Core) -> Self {
        let now = core.shared.clock.now();
        let mut routes = Vec::new();
        for route in core.routes() {
            for (method, series) in route.methods() {
                let (in_flight, windows) = Windows::read(series, now, RouteStats::new);
                let route = route.name.to_string();
                routes.push(RouteSnapshot { route, method, in_flight, windows });
            }
        }
        let operations = core.operations().into_iter().map(|operation| {
            let (in_flight, windows) = Windows::read(&operation.series, now, OperationStats::new);
            OperationSnapshot { name: operation.name.to_string(), in_flight, windows }
        });
        let mut operations: Vec<_> = operations.collect();
        let p99 = |latency: &Option<Latency>| Reverse(latency.as_ref().map(|latency| latency.p99));
        routes.sort_by(|a, b| {
            let by = |of: &RouteSnapshot| p99(&of.windows.lifetime.latency);
            by(a).cmp(&by(b)).then_with(|| (&a.route, a.method).cmp(&(&b.route, b.method)))
        });
        operations.sort_by(|a, b| {
            let by = |of: &OperationSnapshot| p99(&of.windows.lifetime.latency);
            by(a).cmp(&by(b)).then_with(|| a.name.cmp(&b.name))
        });
        let slowest = Exemplar::slowest(core, SLOWEST);
        Self { unix_time: core.shared.clock.unix_time(), routes, operations, slowest }
    }

    /// A table for the terminal of what came in `window`, with a small picture of how long requests took for each route.
    pub fn table(&self, window: Window) -> impl fmt::Display + '_ {
        Table { snapshot: self, window }
    }
}

/// The table of all time.
impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table(Window::Lifetime).fmt(f)
    }
}

/// What came in each window.
#[derive(Clone, Debug, Serialize)]
struct Windows<T> {
    lifetime: T,
    minute: T,
    five_minutes: T,
    hour: T,
}

impl<T> Windows<T> {
    /// How many are under way, and what came.
    fn read(series: &Series, now: Timestamp, make: impl Fn(Totals, Duration) -> T) -> (u64, Self) {
        series.read(now, |history: &History, in_flight| {
            let of = |window| {
                let (totals, covered) = history.read(window, now);
                make(totals, covered)
            };
            let windows = Self {
                lifetime: of(Window::Lifetime),
                minute: of(Window::Minute),
                five_minutes: of(Window::FiveMinutes),
                hour: of(Window::Hour),
            };
            (in_flight, windows)
        })
    }

    fn get(&self, window: Window) -> &T {
        match window {
            Window::Lifetime => &self.lifetime,
            Window::Minute => &self.minute,
            Window::FiveMinutes => &self.five_minutes,
            Window::Hour => &self.hour,
        }
    }
}

impl RouteSnapshot {
    /// What came in `window`.
    pub fn stats(&self, window: Window) -> &RouteStats {
        self.windows.get(window)
    }
}

impl OperationSnapshot {
    /// What was done in `window`.
    pub fn stats(&self, window: Window) -> &OperationStats {
        self.windows.get(window)
    }
}

impl RouteStats {
    fn new(totals: Totals, covered: Duration) -> Self {
        let (count, outcomes) = (totals.ended(), Outcomes(totals.outcomes));
        let errors: u64 = outcomes
            .iter()
            .filter_map(|(outcome, count)| outcome.is_server_fault().then_some(count))
            .sum();
        Self {
            count,
            rate: rate(count, covered),
            error_rate: if count == 0 { 0.0 } else { errors as f64 / count as f64 },
            outcomes,
            request_bytes: totals.request_bytes,
            response_bytes: totals.response_bytes,
            latency: Latency::of(totals.latency),
            to_headers: Latency::of(totals.to_headers),
        }
    }
}

impl OperationStats {
    fn new(totals: Totals, covered: Duration) -> Self {
        let outcomes = Outcomes(totals.outcomes);
        let (count, successes) = (totals.ended(), outcomes.get(Outcome::Ok));
        let cancelled = outcomes.get(Outcome::CancelledBeforeHeaders);
        Self {
            count,
            rate: rate(count, covered),
            successes,
            failures: count - successes - cancelled,
            cancelled,
            latency: Latency::of(totals.latency),
        }
    }
}

/// Of less than a second no rate can be told: as if it were one.
fn rate(count: u64, covered: Duration) -> f64 {
    count as f64 / covered.as_secs_f64().max(1.0)
}

impl Outcomes {
    /// How many came to this outcome.
    pub fn get(&self, outcome: Outcome) -> u64 {
        self.0[outcome as usize]
    }

    /// Each outcome, with how many came to it.
    pub fn iter(&self) -> impl Iterator<Item = (Outcome, u64)> + use<> {
        Outcome::ALL.into_iter().zip(self.0)
    }
}

impl Serialize for Outcomes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (outcome, count) in self.iter() {
            map.serialize_entry(outcome.as_str(), &count)?;
        }
        map.end()
    }
}

impl Latency {
    fn of(histogram: Histogram) -> Option<Self> {
        let [p50, p90, p95, p99, p999] = histogram.quantiles([0.5, 0.9, 0.95, 0.99, 0.999])?;
        let (mean, min, max) = (histogram.mean()?, histogram.min()?, histogram.max()?);
        Some(Self { mean, min, max, p50, p90, p95, p99, p999, histogram })
    }
}

impl Exemplar {
    pub(super) fn slowest(core: &Core, count: usize) -> Vec<Self> {
        let now = core.shared.clock.now();
        let mut all = Vec::new();
        for route in core.routes() {
            for (method, series) in route.methods() {
                all.extend(series.slowest(now).into_iter().map(|slow| Self {
                    route: route.name.to_string(),
                    method,
                    latency: slow.latency,
                    status: slow.status,
                    outcome: slow.outcome,
                    id: slow.id.map(String::from),
                    ago: now.saturating_since(slow.ended),
                }));
            }
        }
        all.sort_by_key(|slow| Reverse(slow.latency));
        all.truncate(count);
        all
    }
}

fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}
