use std::borrow::Cow;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use super::{Refusal, gate::Terms};
use crate::telemetry::names;

/// What is told of one limiter.
#[derive(Debug)]
pub(super) struct Meters {
    pub(super) limit: Gauge,
    pub(super) in_flight: Gauge,
    pub(super) waiting: Gauge,
    pub(super) wait: Histogram,
    pub(super) exempt: Counter,
    /// Without a key: whatever became of it, rejected for it, and let pass by a dry run.
    pub(super) missing_keys: Counter,
    pub(super) error: Counter,
    pub(super) shadowed: Counter,
    classes: Box<[ClassMeters]>,
}

/// What became of the requests of one class.
#[derive(Debug)]
pub(super) struct ClassMeters {
    pub(super) admitted: Counter,
    pub(super) queued: Counter,
    pub(super) shadowed: Counter,
    pub(super) abandoned: Counter,
    refused: [Counter; Refusal::ALL.len()],
}

/// The label of whatever is in no class.
const NO_CLASS: &str = "_all";

impl Meters {
    pub(super) fn resolve(terms: &Terms) -> Self {
        let limit = || terms.name().clone();
        let requests = |class: &Cow<'static, str>, outcome: &'static str| {
            let metric = names::CONCURRENCY_REQUESTS.name;
            counter!(metric, "limit" => limit(), "class" => class.clone(), "outcome" => outcome)
        };
        let no_class = Cow::Borrowed(NO_CLASS);
        let of_class = |class| ClassMeters {
            admitted: requests(class, "admitted"),
            queued: requests(class, "queued"),
            shadowed: requests(class, "shadowed"),
            abandoned: requests(class, "abandoned"),
            refused: Refusal::ALL.map(|refusal| requests(class, refusal.as_str())),
        };
        Self {
            limit: gauge!(names::CONCURRENCY_LIMIT.name, "limit" => limit()),
            in_flight: gauge!(names::CONCURRENCY_IN_FLIGHT.name, "limit" => limit()),
            waiting: gauge!(names::CONCURRENCY_WAITING.name, "limit" => limit()),
            wait: histogram!(names::CONCURRENCY_WAIT.name, "limit" => limit()),
            exempt: requests(&no_class, "exempt"),
            missing_keys: counter!(names::CONCURRENCY_MISSING_KEYS.name, "limit" => limit()),
            error: requests(&no_class, "error"),
            shadowed: requests(&no_class, "shadowed"),
            classes: match &terms.priorities {
                Some(priorities) => priorities.names().map(of_class).collect(),
                None => [of_class(&no_class)].into(),
            },
        }
    }

    #[inline]
    pub(super) fn class(&self, class: usize) -> &ClassMeters {
        &self.classes[class]
    }
}

impl ClassMeters {
    pub(super) fn refused(&self, refusal: Refusal) -> &Counter {
        &self.refused[refusal as usize]
    }
}
