use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{Counter, Gauge, counter, gauge};

use super::CoalesceStats;
use crate::telemetry::names;

/// How a request got its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The service was called for it, and for all who came meanwhile.
    Led,
    /// It got the answer to another.
    Shared,
    /// It waited for one that was not for it.
    Alone,
    /// It is none that may share.
    Passed,
}

impl Outcome {
    const ALL: [Self; 4] = [Self::Led, Self::Shared, Self::Alone, Self::Passed];

    /// As in metrics.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Led => "led",
            Self::Shared => "shared",
            Self::Alone => "alone",
            Self::Passed => "passed",
        }
    }
}

/// What is told of one layer.
#[derive(Debug)]
pub(super) struct Meters {
    counts: [AtomicU64; Outcome::ALL.len()],
    counters: [Counter; Outcome::ALL.len()],
    in_flight: AtomicU64,
    in_flight_gauge: Gauge,
    waiting: AtomicU64,
}

/// A request that waits, as [`Meters::wait`] counts it.
#[derive(Debug)]
pub(super) struct Waits<'a>(&'a AtomicU64);

impl Meters {
    pub(super) fn resolve(name: &str) -> Self {
        let counter = |outcome: Outcome| {
            let (name, outcome) = (name.to_owned(), outcome.as_str());
            counter!(names::COALESCE_REQUESTS.name, "coalesce" => name, "outcome" => outcome)
        };
        Self {
            counts: Default::default(),
            counters: Outcome::ALL.map(counter),
            in_flight: AtomicU64::new(0),
            in_flight_gauge: gauge!(names::COALESCE_IN_FLIGHT.name, "coalesce" => name.to_owned()),
            waiting: AtomicU64::new(0),
        }
    }

    pub(super) fn count(&self, outcome: Outcome) {
        self.counts[outcome as usize].fetch_add(1, Ordering::Relaxed);
        self.counters[outcome as usize].increment(1);
    }

    /// A call sets out.
    pub(super) fn set_out(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.in_flight_gauge.increment(1);
    }

    /// Nobody can share it any more.
    pub(super) fn end(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.in_flight_gauge.decrement(1);
    }

    /// Somebody waits, until what is returned is dropped.
    pub(super) fn wait(&self) -> Waits<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waits(&self.waiting)
    }

    pub(super) fn stats(&self, name: &str) -> CoalesceStats {
        let of = |outcome: Outcome| self.counts[outcome as usize].load(Ordering::Relaxed);
        CoalesceStats {
            name: name.to_owned(),
            led: of(Outcome::Led),
            shared: of(Outcome::Shared),
            alone: of(Outcome::Alone),
            passed: of(Outcome::Passed),
            in_flight: self.in_flight.load(Ordering::Relaxed),
            waiting: self.waiting.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
