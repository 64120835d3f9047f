use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use super::{Failure, Use};
use crate::telemetry::names;

/// The handles of a connection's metrics.
pub(super) struct Meters {
    pub(super) up: Gauge,
    /// By use.
    calls: [CallMeters; Use::ALL.len()],
}

struct CallMeters {
    ok: Counter,
    timeout: Counter,
    error: Counter,
    skipped: Counter,
    duration: Histogram,
}

impl Meters {
    pub(super) fn resolve(name: &str) -> Self {
        let redis = || name.to_owned();
        let calls = Use::ALL.map(|purpose| {
            let purpose = purpose.as_str();
            let calls = |outcome: &'static str| {
                let metric = names::REDIS_CALLS.name;
                counter!(metric, "redis" => redis(), "use" => purpose, "outcome" => outcome)
            };
            let metric = names::REDIS_CALL_DURATION.name;
            CallMeters {
                ok: calls("ok"),
                timeout: calls("timeout"),
                error: calls("error"),
                skipped: calls("skipped"),
                duration: histogram!(metric, "redis" => redis(), "use" => purpose),
            }
        });
        Self { up: gauge!(names::REDIS_UP.name, "redis" => redis()), calls }
    }

    /// Counts a call. How long a server took to fail says nothing of how long it takes.
    pub(super) fn count<T>(&self, purpose: Use, result: &Result<T, Failure>, took: Duration) {
        let meters = &self.calls[purpose as usize];
        match result {
            Ok(_) => meters.ok.increment(1),
            Err(Failure::TimedOut) => meters.timeout.increment(1),
            Err(Failure::Failed(_)) => return meters.error.increment(1),
            Err(Failure::Skipped) => return meters.skipped.increment(1),
        }
        meters.duration.record(took);
    }
}
