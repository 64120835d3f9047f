//! The slow route, and how it degrades on purpose.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Json,
    extract::{Query, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    sync::Semaphore,
    time::{sleep, timeout},
};
use tower_weir::{
    clock::{Clock, Timestamp},
    profile::operation,
};

/// A report that takes longer is no good to anybody.
pub(crate) const TARGET: Duration = Duration::from_millis(600);

pub(crate) const CONNECTIONS: usize = 20;
/// Enough for six or seven reports a second.
pub(crate) const DEGRADED_CONNECTIONS: usize = 2;
/// How long a report waits for a connection.
const PATIENCE: Duration = Duration::from_millis(400);
/// How long reports take that have a connection, in turn.
const QUERIES_MS: [u64; 3] = [200, 300, 400];
/// Those over fewer days take less in proportion.
pub(crate) const ALL_DAYS: u32 = 30;

/// How many reports over so many days the connections can make in a second.
pub(crate) fn capacity(days: u32) -> f64 {
    let queries: Duration = (0..).take(QUERIES_MS.len()).map(|nth| query_time(nth, days)).sum();
    (CONNECTIONS * QUERIES_MS.len()) as f64 / queries.as_secs_f64()
}

fn query_time(number: u64, days: u32) -> Duration {
    let all_days = QUERIES_MS[number as usize % QUERIES_MS.len()];
    Duration::from_millis(all_days) * days / ALL_DAYS
}

/// Reports need a connection to the database, which goes on with a query when nobody waits for the report any more. Degraded,
/// there are few connections, so that it is the traffic that makes answers slow: less of it is served well, which is what an
/// adaptive limit is for.
pub(crate) struct Reports {
    number: AtomicU64,
    connections: Arc<Semaphore>,
    degraded_connections: Arc<Semaphore>,
    degraded_until: AtomicU64,
    good: AtomicU64,
    bad: AtomicU64,
    clock: Clock,
}

/// Answers of late.
pub(crate) struct Answers {
    pub(crate) all: u64,
    pub(crate) bad: u64,
}

impl Reports {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            number: AtomicU64::new(1),
            connections: Arc::new(Semaphore::new(CONNECTIONS)),
            degraded_connections: Arc::new(Semaphore::new(DEGRADED_CONNECTIONS)),
            degraded_until: AtomicU64::new(0),
            good: AtomicU64::new(0),
            bad: AtomicU64::new(0),
            clock: Clock::system(),
        })
    }

    /// From now on for so long.
    pub(crate) fn degrade(&self, duration: Duration) {
        let until = self.clock.now().saturating_add(duration);
        self.degraded_until.store(until.as_nanos(), Ordering::Relaxed);
    }

    /// Since this was last asked.
    pub(crate) fn answers(&self) -> Answers {
        let bad = self.bad.swap(0, Ordering::Relaxed);
        Answers { all: bad + self.good.swap(0, Ordering::Relaxed), bad }
    }

    fn connections(&self, now: Timestamp) -> Arc<Semaphore> {
        match now.as_nanos() < self.degraded_until.load(Ordering::Relaxed) {
            true => Arc::clone(&self.degraded_connections),
            false => Arc::clone(&self.connections),
        }
    }

    fn count(&self, good: bool) {
        let count = if good { &self.good } else { &self.bad };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Deserialize)]
pub(crate) struct Report {
    days: Option<u32>,
}

/// Slow on purpose, as a report over a large table is: 200 to 400 ms for all days, in a pattern that repeats.
pub(crate) async fn report(
    State(reports): State<Arc<Reports>>,
    Query(report): Query<Report>,
) -> (StatusCode, Json<Value>) {
    let days = report.days.map_or(ALL_DAYS, |days| days.clamp(1, ALL_DAYS));
    let start = reports.clock.now();
    let connection = timeout(PATIENCE, reports.connections(start).acquire_owned());
    let connection = operation("reports.connection").record_result(connection).await;
    let Ok(Ok(connection)) = connection else {
        reports.count(false);
        let error = json!({ "error": "no connection to the database is free" });
        return (StatusCode::SERVICE_UNAVAILABLE, Json(error));
    };
    let number = reports.number.fetch_add(1, Ordering::Relaxed);
    let query = tokio::spawn(async move {
        sleep(query_time(number, days)).await;
        drop(connection);
    });
    let _ = operation("reports.query").record(query).await;
    let took = reports.clock.now().saturating_since(start);
    reports.count(took <= TARGET);
    (
        StatusCode::OK,
        Json(json!({ "report": number, "days": days, "took_ms": took.as_millis() as u64 })),
    )
}
