use metrics::{Counter, Gauge, counter, gauge};

use super::{State, counts::Outcome};
use crate::telemetry::names;

/// The handles of a breaker's metrics.
pub(super) struct Meters {
    success: Counter,
    failure: Counter,
    slow: Counter,
    pub(super) ignored: Counter,
    pub(super) cancelled: Counter,
    pub(super) rejected: Counter,
    pub(super) shadowed: Counter,
    pub(super) missing_keys: Counter,
    /// By the state that is entered, as are the next.
    pub(super) transitions: [Counter; 3],
    pub(super) states: [Gauge; 3],
}

impl Meters {
    pub(super) fn resolve(name: &str) -> Self {
        let breaker = || name.to_owned();
        let calls = |outcome: &'static str| {
            let metric = names::CIRCUIT_BREAKER_CALLS.name;
            counter!(metric, "breaker" => breaker(), "outcome" => outcome)
        };
        let transitions = State::ALL.map(|to| {
            let metric = names::CIRCUIT_BREAKER_TRANSITIONS.name;
            counter!(metric, "breaker" => breaker(), "to" => to.as_str())
        });
        let states = State::ALL.map(|state| {
            let metric = names::CIRCUIT_BREAKER_STATE.name;
            gauge!(metric, "breaker" => breaker(), "state" => state.as_str())
        });
        Self {
            success: calls("success"),
            failure: calls("failure"),
            slow: calls("slow"),
            ignored: calls("ignored"),
            cancelled: calls("cancelled"),
            rejected: calls("rejected"),
            shadowed: calls("shadowed"),
            missing_keys: counter!(
                names::CIRCUIT_BREAKER_MISSING_KEYS.name,
                "breaker" => breaker()
            ),
            transitions,
            states,
        }
    }

    #[inline]
    pub(super) fn ended(&self, outcome: Outcome) -> &Counter {
        match outcome {
            Outcome { failed: true, .. } => &self.failure,
            Outcome { slow: true, .. } => &self.slow,
            _ => &self.success,
        }
    }
}
