use metrics::{counter, gauge};

use crate::telemetry::names;

/// Counts an attempt to reload. These are looked up each time, as they are rare, and the first may be before there is a recorder.
pub(super) fn reloaded(outcome: &'static str) {
    counter!(names::CONFIG_RELOADS.name, "outcome" => outcome).increment(1);
}

/// Tells which settings are enforced, and whether they are those of the file.
pub(super) fn state(generation: u64, healthy: bool) {
    gauge!(names::CONFIG_GENERATION.name).set(generation as f64);
    gauge!(names::CONFIG_HEALTHY.name).set(f64::from(u8::from(healthy)));
}
