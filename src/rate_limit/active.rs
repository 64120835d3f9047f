//! A rule at work: what it decides by, what it keeps, and how it tells.

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

#[cfg(feature = "redis")]
use metrics::Counter;
use smallvec::SmallVec;
#[cfg(feature = "redis")]
use std::sync::OnceLock;

#[cfg(feature = "redis")]
use super::shared::{LeaseMeters, Local, Meters};
use super::{
    Quota,
    adaptive::{Controller, Generation},
    decision::{Ask, Decision, Standing},
    exceptions::{Access, Tiers, set},
    governed::{self, Check, Governor},
    headers::{FieldStyle, Fields},
    holds::Holds,
    limit_fields::LimitFields,
    limiter::Limiter,
    meters::{DecisionMeters, TableMeters},
    report::Report,
    rule::{CostFn, QuotaFn, Rule, TestFn, is_preflight},
    served::ChargeOn,
    table::Table,
};
#[cfg(feature = "redis")]
use crate::key::SharedKey;
use crate::{
    clock::{Clock, Timestamp},
    head::Head,
    key::{Global, HashedKey, Key, MissingKey, OnMissingKey},
    telemetry::Resolved,
};

pub(super) struct ActiveRule {
    /// Has a key and policies and nothing else that could matter for a decision.
    plain: bool,
    pub(super) limiter: Limiter,
    key: Arc<dyn HashedKey>,
    governor: Option<Arc<Governor>>,
    pub(super) on_missing_key: OnMissingKey,
    cost: Option<CostFn>,
    pub(super) charge_on: Option<ChargeOn>,
    exempt: Vec<TestFn>,
    deny: Vec<TestFn>,
    preflight_counts: bool,
    shadow: AtomicBool,
    #[cfg(feature = "config")]
    shadow_as_built: bool,
    /// By the place of the policy; empty if no policy has any.
    quotas: Vec<Option<QuotaFn>>,
    /// Each with the place of its policy.
    controllers: Vec<(usize, Arc<Controller>)>,
    /// Where the response decides on the charge.
    holds: Option<Arc<Holds>>,
    warned_of_missing_key: AtomicBool,
    fields: LimitFields,
    meters: Resolved<DecisionMeters>,
    table_meters: Arc<LayerMeters>,
    #[cfg(feature = "redis")]
    alone: Alone,
}

/// What a limit that processes share needs while it does without them.
#[cfg(feature = "redis")]
#[derive(Default)]
struct Alone {
    local: OnceLock<Local>,
    meters: Resolved<Meters>,
    leased: Resolved<LeaseMeters>,
}

/// The metrics of a layer's table.
pub(super) struct LayerMeters {
    /// Of the layer's own limit, even if all its limits are those of routes.
    name: Cow<'static, str>,
    meters: Resolved<TableMeters>,
}

impl ActiveRule {
    pub(super) fn new(
        rule: Rule,
        default_name: &str,
        table: &Table,
        clock: &Clock,
        style: FieldStyle,
        table_meters: &Arc<LayerMeters>,
    ) -> Self {
        let name = rule.name.unwrap_or_else(|| default_name.to_owned().into());
        let policies: Vec<_> = rule.policies.iter().map(|rule| rule.policy.clone()).collect();
        let limiter = Limiter::with_parts(name, &policies, table.clone(), clock.clone());
        let mut quotas: Vec<_> = rule.policies.iter().map(|rule| rule.quota_for.clone()).collect();
        if quotas.iter().all(Option::is_none) {
            quotas.clear();
        }
        let holds = rule.charge_on.as_ref().map(|_| table.holds(limiter.name()));
        let controllers = rule.policies.into_iter().enumerate();
        let controllers = controllers.filter_map(|(at, rule)| Some((at, rule.controller?)));
        let controllers: Vec<_> = controllers.collect();
        let plain = controllers.is_empty()
            && quotas.is_empty()
            && rule.exempt.is_empty()
            && rule.deny.is_empty()
            && rule.governor.is_none()
            && rule.charge_on.is_none()
            && rule.cost.is_none();
        Self {
            plain,
            fields: LimitFields::new(style, &limiter),
            limiter,
            governor: rule.governor,
            key: rule.key.unwrap_or_else(|| Arc::new(Global)),
            on_missing_key: rule.on_missing_key.unwrap_or_default(),
            cost: rule.cost,
            charge_on: rule.charge_on,
            exempt: rule.exempt,
            deny: rule.deny,
            preflight_counts: rule.preflight_counts,
            shadow: AtomicBool::new(rule.shadow.unwrap_or(false)),
            #[cfg(feature = "config")]
            shadow_as_built: rule.shadow.unwrap_or(false),
            quotas,
            controllers,
            holds,
            warned_of_missing_key: AtomicBool::new(false),
            meters: Resolved::default(),
            table_meters: Arc::clone(table_meters),
            #[cfg(feature = "redis")]
            alone: Alone::default(),
        }
    }

    #[inline]
    pub(super) fn meters(&self) -> &DecisionMeters {
        self.meters.get_or_resolve(|| DecisionMeters::resolve(&self.limiter, self.policy_names()))
    }

    /// The key of a request as processes share it; all requests that carry none have one together.
    #[cfg(feature = "redis")]
    pub(super) fn shared_key(&self, head: &Head<'_>) -> SharedKey {
        let limit = &**self.limiter.name();
        self.key.shared_key(head, limit).unwrap_or_else(|_| SharedKey::of(&("no key", limit)))
    }

    /// Where it keeps what keys owe to this process alone.
    #[cfg(feature = "redis")]
    pub(super) fn local(&self) -> &Local {
        let limiter = &self.limiter;
        self.alone
            .local
            .get_or_init(|| Local::new(limiter.store(), limiter.name(), limiter.active()))
    }

    /// Counts requests that were decided on without the others. A layer has one kind of fallback.
    #[cfg(feature = "redis")]
    pub(super) fn fallbacks(&self, fallback: &'static str) -> &Counter {
        let meters = &self.alone.meters;
        &meters.get_or_resolve(|| Meters::resolve(self.limiter.name(), fallback)).fallbacks
    }

    /// Counts the cells that were leased.
    #[cfg(feature = "redis")]
    pub(super) fn leased(&self) -> &LeaseMeters {
        self.alone.leased.get_or_resolve(|| LeaseMeters::resolve(self.limiter.name()))
    }

    /// Whether nothing is to be known of a request but its key.
    #[inline]
    pub(super) fn is_plain(&self, head: &Head<'_>) -> bool {
        self.plain && !self.limiter.exceptions().any() && !self.is_free_preflight(head)
    }

    #[inline]
    pub(super) fn plain_key(&self, head: &Head<'_>) -> Result<Key, MissingKey> {
        self.key.key(head, &self.limiter.store().seed())
    }

    #[inline]
    pub(super) fn denies(&self, head: &Head<'_>) -> bool {
        self.deny.iter().any(|deny| deny(head))
    }

    #[inline]
    pub(super) fn exempts(&self, head: &Head<'_>) -> bool {
        self.is_free_preflight(head) || self.exempt.iter().any(|exempt| exempt(head))
    }

    #[inline]
    fn is_free_preflight(&self, head: &Head<'_>) -> bool {
        !self.preflight_counts && is_preflight(head.method, head.headers)
    }

    #[inline]
    pub(super) fn key(&self, head: &Head<'_>) -> Result<(Key, Option<Box<Check>>), MissingKey> {
        match &self.governor {
            None => self.plain_key(head).map(|key| (key, None)),
            Some(governor) => {
                let seed = self.limiter.store().seed();
                governor(head, &seed).map(|(key, check)| (key, Some(check)))
            }
        }
    }

    pub(super) fn is_governed(&self) -> bool {
        self.governor.is_some()
    }

    /// The names of the policies, in the order of standings.
    pub(super) fn policy_names(&self) -> impl Iterator<Item = Cow<'static, str>> {
        let own = self.limiter.active().iter().map(|active| active.policy.shared_name());
        own.chain(self.governor.iter().map(|_| governed::POLICY.into()))
    }

    #[inline]
    pub(super) fn cost(&self, head: &Head<'_>) -> u32 {
        self.cost.as_ref().map_or(1, |cost| cost(head))
    }

    /// Whether a key is limited at all.
    #[inline]
    pub(super) fn access(&self, key: Key) -> Access {
        self.limiter.exceptions().access(key)
    }

    /// The quotas of the request's own.
    #[inline]
    pub(super) fn tiers(&self, head: &Head<'_>) -> Tiers {
        let mut tiers = Tiers::new();
        for (at, quota_for) in self.quotas.iter().enumerate() {
            if let Some(quota_for) = quota_for {
                set(&mut tiers, at, quota_for(head));
            }
        }
        tiers
    }

    /// What is asked of this rule's limiter, or of another's.
    #[inline]
    pub(super) fn ask<'a>(
        &'a self,
        now: Timestamp,
        key: Key,
        cost: u32,
        tiers: &'a [Option<Quota>],
    ) -> Ask<'a> {
        let exceptions = Some(self.limiter.exceptions());
        Ask { now, key, cost, tiers, exceptions, governed: None }
    }

    /// Charges or reserves, if all policies allow it.
    #[inline]
    pub(super) fn decide(&self, ask: Ask<'_>) -> Decision {
        if let Some(governor) = ask.governed {
            return governor(ask.now, ask.cost);
        }
        if !self.controllers.is_empty() {
            self.adapt(ask.now);
        }
        let decision = match &self.holds {
            Some(holds) => holds.hold(ask.key, ask.cost, |held| self.limiter.preview(ask, held)),
            None => self.limiter.decide(ask),
        };
        self.tell_table(decision.changed_stats);
        decision
    }

    /// What [`ActiveRule::decide`] would say if `ahead` was charged before. Charges nothing.
    ///
    /// Another's limiter cannot be asked without charging; it may or may not refuse.
    pub(super) fn preview(&self, ask: Ask<'_>, ahead: u32) -> Decision {
        if ask.governed.is_some() {
            return Decision::untold(None);
        }
        let held = self.holds.as_ref().map_or(0, |holds| holds.held(ask.key));
        self.limiter.preview(ask, held.saturating_add(ahead))
    }

    /// Ends a reservation by charging the final cost.
    pub(super) fn settle(&self, key: Key, tiers: &Tiers, held: u32, cost: u32) {
        if cost > 0 {
            let ask = self.ask(self.limiter.now(), key, cost, tiers);
            let decision = self.limiter.charge_anyway(ask);
            self.tell_table(decision.changed_stats);
        }
        // After the charge: what is counted twice for an instant is a denial too many, the other way round a request.
        if let Some(holds) = &self.holds {
            holds.release(key, held);
        }
    }

    /// What a key is to be told between two requests.
    pub(super) fn standing(&self, key: Key, tiers: &Tiers) -> Option<Report> {
        let fields = self.fields(key, tiers)?;
        let ask = self.ask(self.limiter.now(), key, 0, tiers);
        let standing = self.preview(ask, 0);
        Some(Report::new(fields, &standing.standings, None, ask.now, self.limiter.time()))
    }

    /// What a key is to be told that stands like this.
    #[cfg(feature = "redis")]
    pub(super) fn report_standings(
        &self,
        standings: &[Standing],
        key: Key,
        tiers: &Tiers,
    ) -> Option<Report> {
        let fields = self.fields(key, tiers)?;
        Some(Report::new(fields, standings, None, self.limiter.now(), self.limiter.time()))
    }

    /// What the client is told of a decision; nothing in a dry run.
    #[inline]
    pub(super) fn report(
        &self,
        decision: &Decision,
        key: Key,
        tiers: &[Option<Quota>],
        now: Timestamp,
    ) -> Option<Report> {
        let fields = match &decision.told {
            None => self.fields(key, tiers)?,
            Some(_) if self.is_shadow() => return None,
            Some(quota) => self.fields.told(**quota)?,
        };
        let Decision { standings, refused_by, .. } = decision;
        Some(Report::new(fields, standings, *refused_by, now, self.limiter.time()))
    }

    /// [`ActiveRule::report`] of a request that passed the only policy.
    #[inline]
    pub(super) fn report_one(
        &self,
        standing: Standing,
        key: Key,
        now: Timestamp,
    ) -> Option<Report> {
        let fields = self.fields(key, &[])?;
        Some(Report::new(fields, &[standing], None, now, self.limiter.time()))
    }

    #[inline]
    fn fields(&self, key: Key, tiers: &[Option<Quota>]) -> Option<Arc<Fields>> {
        if self.is_shadow() {
            return None;
        }
        let exceptions = self.limiter.exceptions();
        if !exceptions.any() {
            return self.fields.get(&self.limiter, tiers);
        }
        let mut tiers = tiers.to_vec();
        exceptions.overlay(key, &mut tiers);
        self.fields.get(&self.limiter, &tiers)
    }

    /// Takes the multipliers over from the controllers.
    pub(super) fn adapt(&self, now: Timestamp) {
        for (at, controller) in &self.controllers {
            let multiplier = controller.multiplier(now);
            if self.limiter.active()[*at].terms.set_controlled(multiplier) {
                self.tell_multiplier(*at);
            }
        }
    }

    /// Tells the multiplier of a policy.
    #[cold]
    pub(super) fn tell_multiplier(&self, policy: usize) {
        let multiplier = self.limiter.active()[policy].terms.multiplier();
        self.meters().multipliers[policy].set(multiplier);
    }

    /// Whether outcomes matter.
    pub(super) fn judges(&self) -> bool {
        self.controllers.iter().any(|(_, controller)| controller.judges())
    }

    /// Tells the controllers that a request goes to the service.
    pub(super) fn begin(&self) -> SmallVec<[Generation; 1]> {
        self.controllers.iter().map(|(_, controller)| controller.begin()).collect()
    }

    /// Tells the controllers that it ended: how long it took for the head, and whether the service could not do its work;
    /// `None` if that is not known.
    pub(super) fn end(&self, begun: &[Generation], overload: Option<bool>, latency: Duration) {
        for ((_, controller), begun) in self.controllers.iter().zip(begun) {
            let slow = controller.latency_target().is_some_and(|target| latency > target);
            controller.end(*begun, if slow { Some(true) } else { overload });
        }
    }

    /// Whether requests may have quotas of their own for a policy.
    pub(super) fn has_tiers(&self, policy: usize) -> bool {
        self.quotas.get(policy).is_some_and(Option::is_some)
    }

    /// Whether it was a dry run before a handle said otherwise.
    #[cfg(feature = "config")]
    pub(super) fn shadow_as_built(&self) -> bool {
        self.shadow_as_built
    }

    pub(super) fn is_shadow(&self) -> bool {
        self.shadow.load(Ordering::Relaxed)
    }

    pub(super) fn set_shadow(&self, shadow: bool) {
        self.shadow.store(shadow, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn tell_table(&self, changed_stats: bool) {
        if changed_stats {
            self.table_meters.tell(self.limiter.store());
        }
    }

    #[cold]
    pub(super) fn warn_of(&self, missing: &MissingKey) {
        if self.warned_of_missing_key.swap(true, Ordering::Relaxed) {
            return;
        }
        let consequence = self.on_missing_key.consequence();
        tracing::warn!(limit = %self.limiter.name(), "{missing}; {consequence} (logged once)");
    }
}

impl LayerMeters {
    pub(super) fn new(name: Cow<'static, str>) -> Self {
        Self { name, meters: Resolved::default() }
    }

    #[cold]
    fn tell(&self, table: &Table) {
        self.meters.get_or_resolve(|| TableMeters::resolve(&self.name)).tell(table);
    }
}
