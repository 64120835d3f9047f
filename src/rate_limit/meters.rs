use std::borrow::Cow;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use super::{Table, limiter::Limiter};
use crate::telemetry::names;

/// What is decided by one rule.
pub(super) struct DecisionMeters {
    pub(super) allowed: Counter,
    pub(super) exempt: Counter,
    pub(super) error: Counter,
    pub(super) denied: Counter,
    pub(super) shadowed: Counter,
    pub(super) queued: Counter,
    /// How long those waited that were queued.
    pub(super) wait: Histogram,
    pub(super) missing_keys: Counter,
    /// One for each policy.
    pub(super) limited: Box<[Counter]>,
    /// One for each policy.
    pub(super) multipliers: Box<[Gauge]>,
}

/// How a layer's table fares.
pub(super) struct TableMeters {
    slots: Gauge,
    slots_used: Gauge,
    evictions: Counter,
    lost_debt: Counter,
}

impl DecisionMeters {
    pub(super) fn resolve(
        limiter: &Limiter,
        policies: impl Iterator<Item = Cow<'static, str>>,
    ) -> Self {
        let limit = || limiter.name().clone();
        let decisions = |policy, outcome| {
            let metric = names::RATE_LIMIT_DECISIONS.name;
            counter!(metric, "limit" => limit(), "policy" => policy, "outcome" => outcome)
        };
        let limited = policies.map(|policy| decisions(policy, "limited"));
        let multipliers = limiter.active().iter().map(|active| {
            let policy = active.policy.shared_name();
            let metric = names::RATE_LIMIT_MULTIPLIER.name;
            let gauge = gauge!(metric, "limit" => limit(), "policy" => policy);
            gauge.set(active.terms.multiplier());
            gauge
        });
        Self {
            allowed: decisions("_all".into(), "allowed"),
            exempt: decisions("_all".into(), "exempt"),
            error: decisions("_all".into(), "error"),
            denied: decisions("_all".into(), "denied"),
            shadowed: decisions("_all".into(), "shadowed"),
            queued: decisions("_all".into(), "queued"),
            wait: histogram!(names::RATE_LIMIT_WAIT.name, "limit" => limit()),
            missing_keys: counter!(names::RATE_LIMIT_MISSING_KEYS.name, "limit" => limit()),
            limited: limited.collect(),
            multipliers: multipliers.collect(),
        }
    }
}

impl TableMeters {
    /// Under the name of the layer's limit.
    pub(super) fn resolve(name: &str) -> Self {
        let limit = || name.to_owned();
        Self {
            slots: gauge!(names::RATE_LIMIT_TABLE_SLOTS.name, "limit" => limit()),
            slots_used: gauge!(names::RATE_LIMIT_TABLE_SLOTS_USED.name, "limit" => limit()),
            evictions: counter!(names::RATE_LIMIT_TABLE_EVICTIONS.name, "limit" => limit()),
            lost_debt: counter!(names::RATE_LIMIT_TABLE_LOST_DEBT.name, "limit" => limit()),
        }
    }

    pub(super) fn tell(&self, table: &Table) {
        let stats = table.stats();
        self.slots.set(stats.slots as f64);
        self.slots_used.set(stats.used as f64);
        self.evictions.absolute(stats.evictions);
        self.lost_debt.absolute(stats.lost_debt.as_secs());
    }
}
