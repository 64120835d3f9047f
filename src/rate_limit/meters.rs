use std::sync::OnceLock;

use metrics::{Counter, Gauge, counter, gauge};

use super::limiter::Limiter;
use crate::telemetry::names;

/// The handles of one rule's metrics, resolved at its first request.
#[derive(Debug, Default)]
pub(super) struct Meters(OnceLock<Handles>);

pub(super) struct Handles {
    pub(super) allowed: Counter,
    pub(super) exempt: Counter,
    pub(super) error: Counter,
    pub(super) missing_keys: Counter,
    /// One for each policy.
    pub(super) limited: Box<[Counter]>,
    slots: Gauge,
    slots_used: Gauge,
    evictions: Counter,
    lost_debt: Counter,
}

impl Meters {
    #[inline]
    pub(super) fn get(&self, limiter: &Limiter) -> &Handles {
        self.0.get_or_init(|| Handles::resolve(limiter))
    }
}

impl Handles {
    fn resolve(limiter: &Limiter) -> Self {
        let name = limiter.name();
        let limit = || name.clone();
        let decisions = |policy, outcome| {
            let metric = names::RATE_LIMIT_DECISIONS.name;
            counter!(metric, "limit" => limit(), "policy" => policy, "outcome" => outcome)
        };
        let limited = limiter.active().iter().map(|active| {
            let policy = active.policy.shared_name();
            decisions(policy, "limited")
        });
        let handles = Self {
            allowed: decisions("_all".into(), "allowed"),
            exempt: decisions("_all".into(), "exempt"),
            error: decisions("_all".into(), "error"),
            missing_keys: counter!(names::RATE_LIMIT_MISSING_KEYS.name, "limit" => limit()),
            limited: limited.collect(),
            slots: gauge!(names::RATE_LIMIT_TABLE_SLOTS.name, "limit" => limit()),
            slots_used: gauge!(names::RATE_LIMIT_TABLE_SLOTS_USED.name, "limit" => limit()),
            evictions: counter!(names::RATE_LIMIT_TABLE_EVICTIONS.name, "limit" => limit()),
            lost_debt: counter!(names::RATE_LIMIT_TABLE_LOST_DEBT.name, "limit" => limit()),
        };
        handles.table(limiter);
        handles
    }

    /// Tells what the table has been through. A table may serve several limits; each tells all of it.
    pub(super) fn table(&self, limiter: &Limiter) {
        let stats = limiter.store().stats();
        self.slots.set(stats.slots as f64);
        self.slots_used.set(stats.used as f64);
        self.evictions.absolute(stats.evictions);
        self.lost_debt.absolute(u64::try_from(stats.lost_debt.as_micros()).unwrap_or(u64::MAX));
    }
}

impl std::fmt::Debug for Handles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handles")
    }
}
