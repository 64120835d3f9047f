//! What a layer does with the head of a request: find its rule and its key, decide, and say so.

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Response, header::RETRY_AFTER};

use super::{
    decision::Decision,
    headers::{FieldStyle, Fields},
    limiter::Limiter,
    meters::{DecisionMeters, TableMeters},
    report::Report,
    rule::{CostFn, ExemptFn, OnMissingKey, Rule, is_preflight},
    table::Table,
};
use crate::{
    clock::{Clock, Timestamp},
    head::Head,
    key::{Global, HashedKey, Key, KeySeed, MissingKey},
    reject::{Reason, Rejection, is_grpc},
    route::RouteTable,
    telemetry::Resolved,
};

pub(super) type RejectFn = Arc<dyn Fn(&Rejection, &Head<'_>) -> Response<Bytes> + Send + Sync>;

/// What a layer was told.
#[derive(Clone)]
pub(super) struct Config {
    pub(super) base: Rule,
    pub(super) routes: Option<RouteTable<Rule>>,
    pub(super) table: Table,
    pub(super) clock: Clock,
    pub(super) style: FieldStyle,
    pub(super) on_reject: Option<RejectFn>,
    /// The most that is added to a retry delay, as a share of it.
    pub(super) retry_jitter: f64,
}

/// The same, ready for requests.
pub(super) struct Admission {
    base: Option<ActiveRule>,
    routes: Option<RouteTable<ActiveRule>>,
    /// Of the layer's own limit, even if all its limits are those of routes.
    name: Cow<'static, str>,
    table_meters: Resolved<TableMeters>,
    seed: KeySeed,
    clock: Clock,
    on_reject: Option<RejectFn>,
    retry_jitter: f64,
}

struct ActiveRule {
    limiter: Limiter,
    key: Arc<dyn HashedKey>,
    on_missing_key: OnMissingKey,
    cost: Option<CostFn>,
    exempt: Vec<ExemptFn>,
    preflight_counts: bool,
    /// What requests without a key are counted for.
    shared_key: Key,
    warned_of_missing_key: AtomicBool,
    fields: Option<Arc<Fields>>,
    meters: Resolved<DecisionMeters>,
}

/// The name of a layer's own limit, unless it is given another.
const DEFAULT_NAME: &str = "default";

/// What becomes of a request.
pub(super) enum Outcome {
    /// It goes to the inner service; the report is for the response.
    Pass(Option<Report>),
    /// It is answered here. Boxed so that the future of a request that passes is small.
    Reject(Box<Response<Bytes>>),
}

impl Admission {
    pub(super) fn new(config: &Config) -> Self {
        let Config { base, routes, table, clock, style, on_reject, retry_jitter } = config.clone();
        let active = |rule: Rule, name: &str| ActiveRule::new(rule, name, &table, &clock, style);
        let of_route = |label: &str, rule: Rule| active(rule.or(&base), label);
        Self {
            routes: routes.map(|routes| routes.map(of_route)),
            base: (!base.policies.is_empty()).then(|| active(base.clone(), DEFAULT_NAME)),
            name: base.name.unwrap_or(Cow::Borrowed(DEFAULT_NAME)),
            table_meters: Resolved::default(),
            seed: table.seed(),
            clock,
            on_reject,
            retry_jitter,
        }
    }

    pub(super) fn admit(&self, head: &Head<'_>) -> Outcome {
        let of_route = self.routes.as_ref().and_then(|routes| routes.get(head));
        let Some(rule) = of_route.or(self.base.as_ref()) else { return Outcome::Pass(None) };
        let meters = rule.meters.get_or_resolve(|| DecisionMeters::resolve(&rule.limiter));
        if rule.exempts(head) {
            meters.exempt.increment(1);
            return Outcome::Pass(None);
        }
        // Before the key: the processor then waits for the clock and hashes the key at the same time.
        let now = self.clock.now();
        let key = match rule.key.key(head, &self.seed) {
            Ok(key) => key,
            Err(missing) => {
                meters.missing_keys.increment(1);
                rule.warn_of(&missing);
                match rule.on_missing_key {
                    OnMissingKey::Share => rule.shared_key,
                    OnMissingKey::Skip => {
                        meters.exempt.increment(1);
                        return Outcome::Pass(None);
                    }
                    OnMissingKey::Reject => {
                        meters.error.increment(1);
                        let rejection = Rejection::new(Reason::MissingKey);
                        return self.reject(
                            &rejection.detail(format!("the request has no {}", missing.what())),
                            head,
                            None,
                        );
                    }
                }
            }
        };
        let cost = rule.cost.as_ref().map_or(1, |cost| cost(head));
        let decision = rule.limiter.decide(now, key, cost);
        if decision.changed_stats {
            let meters = self.table_meters.get_or_resolve(|| TableMeters::resolve(&self.name));
            meters.tell(rule.limiter.store());
        }
        if let Some(policy) = decision.refused_by {
            meters.limited[policy].increment(1);
            return self.limit(rule, &decision, now, head);
        }
        meters.allowed.increment(1);
        match &rule.fields {
            None => Outcome::Pass(None),
            Some(fields) => {
                Outcome::Pass(Some(Report::new(fields, &rule.limiter, &decision, now, &self.clock)))
            }
        }
    }

    #[cold]
    fn limit(
        &self,
        rule: &ActiveRule,
        decision: &Decision,
        now: Timestamp,
        head: &Head<'_>,
    ) -> Outcome {
        let mut rejection = Rejection::new(Reason::QuotaExceeded);
        match decision.refusal().flatten() {
            Some(wait) => rejection = rejection.retry_after(self.jittered(wait, now)),
            None => {
                rejection =
                    rejection.detail("the request costs more than its quota ever allows at once");
            }
        }
        for (active, standing) in rule.limiter.active().iter().zip(&decision.standings) {
            if standing.refusal.is_some() {
                rejection = rejection.violates(active.policy.shared_name());
            }
        }
        tracing::debug!(limit = %rule.limiter.name(), wait = ?rejection.retry_delay(), "request limited");
        let fields = rule.fields.as_ref();
        let report =
            fields.map(|fields| Report::new(fields, &rule.limiter, decision, now, &self.clock));
        self.reject(&rejection, head, report)
    }

    #[cold]
    fn reject(&self, rejection: &Rejection, head: &Head<'_>, report: Option<Report>) -> Outcome {
        let mut response = match &self.on_reject {
            Some(render) => {
                let mut response = render(rejection, head);
                // Whatever it answers, the client is told when to come back. (gRPC clients are by its status details.)
                if let Some(seconds) = rejection.retry_after_secs()
                    && !is_grpc(head.headers)
                {
                    response.headers_mut().entry(RETRY_AFTER).or_insert(seconds.into());
                }
                response
            }
            None => rejection.response(head),
        };
        if let Some(report) = report {
            report.write(response.headers_mut());
        }
        Outcome::Reject(Box::new(response))
    }

    /// Lengthens a delay by a random part of the jitter, so that clients who were refused together do not return together.
    fn jittered(&self, wait: u64, now: Timestamp) -> Duration {
        let wait = Duration::from_nanos(wait);
        if self.retry_jitter == 0.0 {
            return wait;
        }
        // Hashing the time under the secret seed is as good as a random number here.
        let random = self.seed.key(&now).bits() as f64 / u64::MAX as f64;
        wait + wait.mul_f64(self.retry_jitter * random)
    }
}

impl ActiveRule {
    fn new(
        rule: Rule,
        default_name: &str,
        table: &Table,
        clock: &Clock,
        style: FieldStyle,
    ) -> Self {
        let name = rule.name.unwrap_or_else(|| default_name.to_owned().into());
        let limiter = Limiter::with_parts(name, &rule.policies, table.clone(), clock.clone());
        Self {
            fields: Fields::new(style, &limiter).map(Arc::new),
            limiter,
            key: rule.key.unwrap_or_else(|| Arc::new(Global)),
            on_missing_key: rule.on_missing_key.unwrap_or_default(),
            cost: rule.cost,
            exempt: rule.exempt,
            preflight_counts: rule.preflight_counts,
            shared_key: table.seed().unused_key(),
            warned_of_missing_key: AtomicBool::new(false),
            meters: Resolved::default(),
        }
    }

    #[inline]
    fn exempts(&self, head: &Head<'_>) -> bool {
        (!self.preflight_counts && is_preflight(head.method, head.headers))
            || self.exempt.iter().any(|exempt| exempt(head))
    }

    #[cold]
    fn warn_of(&self, missing: &MissingKey) {
        if self.warned_of_missing_key.swap(true, Ordering::Relaxed) {
            return;
        }
        let consequence = match self.on_missing_key {
            OnMissingKey::Share => "such requests share one limit",
            OnMissingKey::Reject => "such requests are rejected",
            OnMissingKey::Skip => "such requests are not limited",
        };
        tracing::warn!(limit = %self.limiter.name(), "{missing}; {consequence} (logged once)");
    }
}
