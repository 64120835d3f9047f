//! What a layer does with the head of a request: find its rule and its key, decide, and say so.

use std::{borrow::Cow, sync::Arc, time::Duration};

use bytes::Bytes;
use http::Response;
use metrics::Counter;

use super::{
    active::{ActiveRule, LayerMeters},
    decision::{Ask, Decision, Standing},
    exceptions::{Access, Tiers},
    follow_up::FollowUp,
    governed::Check,
    headers::FieldStyle,
    limiter::ActivePolicy,
    meters::DecisionMeters,
    report::Report,
    rule::Rule,
    table::Table,
};
use crate::{
    clock::{Clock, Timestamp},
    head::Head,
    key::{Key, MissingKey, OnMissingKey},
    reject::{Reason, Rejection, Render},
    route::RouteTable,
};

/// What a layer was told.
#[derive(Clone)]
pub(super) struct Config {
    pub(super) base: Rule,
    pub(super) routes: Option<RouteTable<Rule>>,
    pub(super) table: Table,
    pub(super) clock: Clock,
    pub(super) style: FieldStyle,
    pub(super) on_reject: Option<Render>,
    /// The most that is added to a retry delay, as a share of it.
    pub(super) retry_jitter: f64,
}

/// The same, ready for requests.
pub(super) struct Admission {
    base: Option<Arc<ActiveRule>>,
    routes: Option<RouteTable<Arc<ActiveRule>>>,
    pub(super) table: Table,
    pub(super) clock: Clock,
    on_reject: Option<Render>,
    retry_jitter: f64,
}

/// The name of a layer's own limit, unless it is given another.
pub(super) const DEFAULT_NAME: &str = "default";

/// A request that is limited by a rule: who it is from, and what it is charged.
pub(super) struct Subject<'a> {
    pub(super) rule: &'a Arc<ActiveRule>,
    pub(super) key: Key,
    pub(super) cost: u32,
    pub(super) tiers: Tiers,
    pub(super) governed: Option<Box<Check>>,
    pub(super) now: Timestamp,
}

/// What is to be done with the response of a request that passes.
#[derive(Default)]
pub(super) struct Passed {
    pub(super) report: Option<Report>,
    pub(super) follow_up: Option<FollowUp>,
}

/// The answer to a request that does not. Boxed so that the future of one that passes is small.
pub(super) type Answer = Box<Response<Bytes>>;

impl<'a> Subject<'a> {
    /// With nothing of its own.
    fn plain(rule: &'a Arc<ActiveRule>, ask: Ask<'_>) -> Self {
        let Ask { now, key, cost, .. } = ask;
        Self { rule, key, cost, tiers: Tiers::new(), governed: None, now }
    }

    pub(super) fn ask(&self) -> Ask<'_> {
        let governed = self.governed.as_deref();
        Ask { governed, ..self.rule.ask(self.now, self.key, self.cost, &self.tiers) }
    }
}

impl Admission {
    pub(super) fn new(config: &Config) -> Self {
        let Config { base, routes, table, clock, style, on_reject, retry_jitter } = config.clone();
        let name = base.name.clone().unwrap_or(Cow::Borrowed(DEFAULT_NAME));
        let meters = Arc::new(LayerMeters::new(name));
        let active = |rule: Rule, name: &str| {
            Arc::new(ActiveRule::new(rule, name, &table, &clock, style, &meters))
        };
        let of_route = |label: &str, rule: Rule| active(rule.or(&base), label);
        Self {
            routes: routes.map(|routes| routes.map(of_route)),
            base: (!base.is_empty()).then(|| active(base.clone(), DEFAULT_NAME)),
            table,
            clock,
            on_reject,
            retry_jitter,
        }
    }

    /// All rules: the layer's own first.
    pub(super) fn rules(&self) -> impl Iterator<Item = &Arc<ActiveRule>> {
        let routes = self.routes.iter().flat_map(|routes| routes.entries());
        self.base.iter().chain(routes.map(|(_, rule)| rule))
    }

    /// The rule that a request comes under: its route's, or the layer's own.
    #[inline]
    fn rule(&self, head: &Head<'_>) -> Option<&Arc<ActiveRule>> {
        let of_route = self.routes.as_ref().and_then(|routes| routes.get(head));
        of_route.or(self.base.as_ref())
    }

    /// Decides on a request.
    #[inline]
    pub(super) fn admit(&self, head: &Head<'_>) -> Result<Passed, Answer> {
        let Some(rule) = self.rule(head) else { return Ok(Passed::default()) };
        // Most rules are a key and policies. To find that out once spares them what the others carry along. Whoever lacks the
        // key goes the long way.
        if rule.is_plain(head) {
            let now = self.clock.now();
            if let Ok(key) = rule.plain_key(head) {
                let ask = rule.ask(now, key, 1, &[]);
                return match rule.limiter.active() {
                    [policy] => self.admit_by_one(rule, policy, head, ask),
                    _ => self.admit_by_several(rule, head, ask),
                };
            }
        }
        self.admit_by(rule, head)
    }

    /// Decides on a request by a rule that is a key and a policy and nothing else.
    #[inline]
    fn admit_by_one(
        &self,
        rule: &Arc<ActiveRule>,
        policy: &ActivePolicy,
        head: &Head<'_>,
        ask: Ask<'_>,
    ) -> Result<Passed, Answer> {
        let (gcra, charge) = rule.limiter.charge_one(policy, ask);
        rule.tell_table(charge.changed_stats());
        let standing = Standing::after(gcra, charge);
        if standing.refuses() {
            let subject = Subject::plain(rule, ask);
            return self.limit(subject, &Decision::of_one(standing, false), head);
        }
        rule.meters().allowed.increment(1);
        Ok(Passed { report: rule.report_one(standing, ask.key, ask.now), follow_up: None })
    }

    /// The same with several policies.
    #[inline(never)]
    fn admit_by_several(
        &self,
        rule: &Arc<ActiveRule>,
        head: &Head<'_>,
        ask: Ask<'_>,
    ) -> Result<Passed, Answer> {
        let decision = rule.limiter.decide(ask);
        rule.tell_table(decision.changed_stats);
        if decision.refused_by.is_some() {
            return self.limit(Subject::plain(rule, ask), &decision, head);
        }
        rule.meters().allowed.increment(1);
        Ok(Passed { report: rule.report(&decision, ask.key, &[], ask.now), follow_up: None })
    }

    /// Decides on a request by a rule of any kind.
    #[inline(never)]
    fn admit_by(&self, rule: &Arc<ActiveRule>, head: &Head<'_>) -> Result<Passed, Answer> {
        match self.identify_by(rule, head) {
            Ok(subject) => self.decide(subject, head),
            Err(unlimited) => unlimited,
        }
    }

    /// Decides on a request whose key is known.
    #[inline]
    pub(super) fn decide(&self, subject: Subject<'_>, head: &Head<'_>) -> Result<Passed, Answer> {
        let decision = subject.rule.decide(subject.ask());
        if decision.refused_by.is_some() {
            return self.limit(subject, &decision, head);
        }
        Ok(Self::pass(subject, &decision, head))
    }

    /// Finds the rule and the key of a request, or what becomes of it without.
    pub(super) fn identify(&self, head: &Head<'_>) -> Result<Subject<'_>, Result<Passed, Answer>> {
        match self.rule(head) {
            Some(rule) => self.identify_by(rule, head),
            None => Err(Ok(Passed::default())),
        }
    }

    fn identify_by<'a>(
        &self,
        rule: &'a Arc<ActiveRule>,
        head: &Head<'_>,
    ) -> Result<Subject<'a>, Result<Passed, Answer>> {
        let exempt = |meters: &DecisionMeters| {
            meters.exempt.increment(1);
            Err(Ok(Passed::default()))
        };
        let meters = rule.meters();
        if rule.denies(head) {
            return Err(self.deny(rule, head));
        }
        if rule.exempts(head) {
            return exempt(meters);
        }
        // Before the key: the processor then waits for the clock and hashes the key at the same time.
        let now = self.clock.now();
        let (key, governed) = match rule.key(head) {
            Ok(key) => key,
            Err(missing) => {
                meters.missing_keys.increment(1);
                rule.warn_of(&missing);
                match rule.on_missing_key {
                    OnMissingKey::Share if !rule.is_governed() => {
                        (self.table.seed().unused_key(), None)
                    }
                    OnMissingKey::Skip => return exempt(meters),
                    _ => return Err(self.reject_unknown(rule, &missing, head)),
                }
            }
        };
        match rule.access(key) {
            Access::Limited => {
                let tiers = rule.tiers(head);
                Ok(Subject { rule, key, cost: rule.cost(head), tiers, governed, now })
            }
            Access::Allowed => exempt(meters),
            Access::Denied => Err(self.deny(rule, head)),
        }
    }

    /// Counts a request that passes at once.
    #[inline]
    pub(super) fn pass(subject: Subject<'_>, decision: &Decision, head: &Head<'_>) -> Passed {
        subject.rule.meters().allowed.increment(1);
        Self::passed(subject, decision, head)
    }

    /// What is to be done with the response of a request that was charged.
    #[inline]
    pub(super) fn passed(subject: Subject<'_>, decision: &Decision, head: &Head<'_>) -> Passed {
        let Subject { rule, key, cost, tiers, now, .. } = subject;
        // Only the response decides what the key owes, where there is a reservation.
        let held = rule.charge_on.is_some().then_some(cost);
        let report = if held.is_some() { None } else { rule.report(decision, key, &tiers, now) };
        let follow_up = FollowUp::new(rule, key, tiers, now, held, head.headers);
        Passed { report, follow_up }
    }

    /// Turns a request away that would exceed a quota, or lets it pass in a dry run.
    #[cold]
    pub(super) fn limit(
        &self,
        subject: Subject<'_>,
        decision: &Decision,
        head: &Head<'_>,
    ) -> Result<Passed, Answer> {
        self.limit_or_shadow(subject, decision, head, true)
    }

    /// The same; the client may be told how it stands, or not.
    #[cold]
    pub(super) fn limit_or_shadow(
        &self,
        subject: Subject<'_>,
        decision: &Decision,
        head: &Head<'_>,
        is_told: bool,
    ) -> Result<Passed, Answer> {
        let Subject { rule, key, tiers, now, .. } = subject;
        if rule.is_shadow() {
            rule.meters().shadowed.increment(1);
            // Not charged, as it would not be if it were rejected.
            let follow_up = FollowUp::new(rule, key, tiers, now, None, head.headers);
            return Ok(Passed { report: None, follow_up });
        }
        if let Some(policy) = decision.refused_by {
            rule.meters().limited[policy].increment(1);
        }
        let mut rejection = Rejection::new(Reason::QuotaExceeded);
        match decision.refusal().flatten() {
            Some(wait) => rejection = rejection.retry_after(self.jittered(wait, now)),
            None => {
                rejection =
                    rejection.detail("the request costs more than its quota ever allows at once");
            }
        }
        for (name, standing) in rule.policy_names().zip(&decision.standings) {
            if standing.refuses() {
                rejection = rejection.violates(name);
            }
        }
        tracing::debug!(limit = %rule.limiter.name(), wait = ?rejection.retry_delay(), "request limited");
        let report = is_told.then(|| rule.report(decision, key, &tiers, now)).flatten();
        Err(self.reject(&rejection, head, report))
    }

    #[cold]
    pub(super) fn deny(&self, rule: &ActiveRule, head: &Head<'_>) -> Result<Passed, Answer> {
        self.reject_or_shadow(rule, &rule.meters().denied, &Rejection::new(Reason::Denied), head)
    }

    #[cold]
    fn reject_unknown(
        &self,
        rule: &ActiveRule,
        missing: &MissingKey,
        head: &Head<'_>,
    ) -> Result<Passed, Answer> {
        self.reject_or_shadow(rule, &rule.meters().error, &missing.rejection(), head)
    }

    /// Turns a request away of which nobody can say now whether it would exceed a quota.
    #[cfg(feature = "redis")]
    #[cold]
    pub(super) fn reject_unsure(
        &self,
        rule: &ActiveRule,
        head: &Head<'_>,
    ) -> Result<Passed, Answer> {
        let wait = self.jittered(Duration::from_secs(1).as_nanos() as u64, rule.limiter.now());
        let rejection = Rejection::new(Reason::QuotaUnknown).retry_after(wait);
        self.reject_or_shadow(rule, &rule.meters().error, &rejection, head)
    }

    fn reject_or_shadow(
        &self,
        rule: &ActiveRule,
        counter: &Counter,
        rejection: &Rejection,
        head: &Head<'_>,
    ) -> Result<Passed, Answer> {
        if rule.is_shadow() {
            rule.meters().shadowed.increment(1);
            return Ok(Passed::default());
        }
        counter.increment(1);
        Err(self.reject(rejection, head, None))
    }

    #[cold]
    fn reject(&self, rejection: &Rejection, head: &Head<'_>, report: Option<Report>) -> Answer {
        let mut response = rejection.response_by(self.on_reject.as_ref(), head);
        if let Some(report) = report {
            report.write(response.headers_mut());
        }
        Box::new(response)
    }

    /// Lengthens a delay by a random part of the jitter, so that clients who were refused together do not return together.
    fn jittered(&self, wait: u64, now: Timestamp) -> Duration {
        let wait = Duration::from_nanos(wait);
        if self.retry_jitter == 0.0 {
            return wait;
        }
        // Hashing the time under the secret seed is as good as a random number here.
        let random = self.table.seed().key(&now).bits() as f64 / u64::MAX as f64;
        wait + wait.mul_f64(self.retry_jitter * random)
    }
}
