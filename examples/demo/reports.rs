//! The slow route, and how it degrades on purpose.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{Json, extract::State, http::StatusCode};
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

/// Reports need a connection to the database. Degraded, there are few, so that it is the traffic that makes answers slow: less
/// of it is served well, which is what an adaptive limit is for.
pub(crate) struct Reports {
    number: AtomicU64,
    connections: Semaphore,
    degraded_connections: Semaphore,
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
            connections: Semaphore::new(CONNECTIONS),
            degraded_connections: Semaphore::new(DEGRADED_CONNECTIONS),
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

    fn connections(&self, now: Timestamp) -> &Semaphore {
        match now.as_nanos() < self.degraded_until.load(Ordering::Relaxed) {
            true => &self.degraded_connections,
            false => &self.connections,
        }
    }

    fn count(&self, good: bool) {
        let count = if good { &self.good } else { &self.bad };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Slow on purpose, as a report over a large table is: 200 to 400 ms, in a pattern that repeats.
pub(crate) async fn report(State(reports): State<Arc<Reports>>) -> (StatusCode, Json<Value>) {
    let start = reports.clock.now();
    let connection = timeout(PATIENCE, reports.connections(start).acquire());
    let connection = operation("reports.connection").record_result(connection).await;
    let Ok(Ok(_connection)) = connection else {
        reports.count(false);
        let error = json!({ "error": "no connection to the database is free" });
        return (StatusCode::SERVICE_UNAVAILABLE, Json(error));
    };
    let number = reports.number.fetch_add(1, Ordering::Relaxed);
    let query = sleep(Duration::from_millis(200 + number * 67 % 201));
    operation("reports.query").record(query).await;
    let took = reports.clock.now().saturating_since(start);
    reports.count(took <= TARGET);
    (StatusCode::OK, Json(json!({ "report": number, "took_ms": took.as_millis() as u64 })))
}
