use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use super::{Cause, Refusal, queue::Flush};
use crate::telemetry::names;

/// What is told of the batches of one name.
#[derive(Debug)]
pub(super) struct Meters {
    pub(super) answered: Counter,
    pub(super) failed: Counter,
    pub(super) batch_failed: Counter,
    pub(super) abandoned: Counter,
    pub(super) duplicates: Counter,
    pub(super) size: Histogram,
    pub(super) weight: Histogram,
    pub(super) linger: Histogram,
    pub(super) duration: Histogram,
    pub(super) waiting: Gauge,
    pub(super) in_flight: Gauge,
    full: Counter,
    too_heavy: Counter,
    closed: Counter,
    no_runtime: Counter,
    flushes: [Counter; 4],
    failures: [Counter; 4],
}

impl Meters {
    pub(super) fn resolve(batch: &str) -> Self {
        let name = || batch.to_owned();
        let items = |outcome: &'static str| counter!(names::BATCH_ITEMS.name, "batch" => name(), "outcome" => outcome);
        let flushes = |reason: &'static str| counter!(names::BATCH_FLUSHES.name, "batch" => name(), "reason" => reason);
        let failures = |reason: &'static str| counter!(names::BATCH_FAILURES.name, "batch" => name(), "reason" => reason);
        Self {
            answered: items("answered"),
            failed: items("failed"),
            batch_failed: items("batch_failed"),
            abandoned: items("abandoned"),
            full: items("full"),
            too_heavy: items("too_heavy"),
            closed: items("closed"),
            no_runtime: items("no_runtime"),
            duplicates: counter!(names::BATCH_DUPLICATES.name, "batch" => name()),
            size: histogram!(names::BATCH_SIZE.name, "batch" => name()),
            weight: histogram!(names::BATCH_WEIGHT.name, "batch" => name()),
            linger: histogram!(names::BATCH_LINGER.name, "batch" => name()),
            duration: histogram!(names::BATCH_DURATION.name, "batch" => name()),
            waiting: gauge!(names::BATCH_WAITING.name, "batch" => name()),
            in_flight: gauge!(names::BATCH_IN_FLIGHT.name, "batch" => name()),
            flushes: ["full", "weight", "linger", "shutdown"].map(flushes),
            failures: ["error", "panic", "wrong_count", "aborted"].map(failures),
        }
    }

    pub(super) fn refused(&self, refusal: Refusal) -> &Counter {
        match refusal {
            Refusal::Full { .. } => &self.full,
            Refusal::TooHeavy { .. } => &self.too_heavy,
            Refusal::Closed => &self.closed,
            Refusal::NoRuntime => &self.no_runtime,
        }
    }

    pub(super) fn flushed(&self, flush: Flush) -> &Counter {
        &self.flushes[match flush {
            Flush::Full => 0,
            Flush::Weight => 1,
            Flush::Linger => 2,
            Flush::Shutdown => 3,
        }]
    }

    pub(super) fn failure(&self, cause: &Cause) -> &Counter {
        &self.failures[match cause {
            Cause::Error(_) => 0,
            Cause::Panic(_) => 1,
            Cause::WrongCount(_) => 2,
            Cause::Aborted => 3,
        }]
    }
}
