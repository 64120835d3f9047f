use std::{borrow::Cow, fmt, sync::Arc};

use http::{
    HeaderMap, Method,
    header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN},
};

use super::{
    Adaptive, Policy, Quota, Served,
    adaptive::Controller,
    governed::Governor,
    served::{ChargeFn, ChargeOn},
};
use crate::{
    head::Head,
    key::{HashedKey, KeyExtractor, OnMissingKey},
};

pub(super) type CostFn = Arc<dyn Fn(&Head<'_>) -> u32 + Send + Sync>;
pub(super) type TestFn = Arc<dyn Fn(&Head<'_>) -> bool + Send + Sync>;
pub(super) type QuotaFn = Arc<dyn Fn(&Head<'_>) -> Option<Quota> + Send + Sync>;

/// What is enforced together for a request: policies, for which key, at what cost.
///
/// ```
/// use tower_weir::{key::PeerIp, rate_limit::{Quota, Rule}};
///
/// let search = Rule::new(Quota::per_second(20)).and(Quota::per_minute(100)).key(PeerIp);
/// let upload = Rule::new(Quota::per_minute(100)).cost(|head| {
///     let mebibytes = head.headers.get("content-length").and_then(|length| length.to_str().ok());
///     mebibytes.and_then(|length| length.parse::<u32>().ok()).map_or(1, |length| 1 + (length >> 20))
/// });
/// ```
///
/// A layer has one for all requests, and may have others for routes, see
/// [`RateLimitLayer::routes`](super::RateLimitLayer::routes). What a route's rule leaves open it takes from the layer's.
#[derive(Clone)]
pub struct Rule {
    pub(super) name: Option<Cow<'static, str>>,
    pub(super) policies: Vec<PolicyRule>,
    /// Decides instead of policies.
    pub(super) governor: Option<Arc<Governor>>,
    pub(super) key: Option<Arc<dyn HashedKey>>,
    pub(super) on_missing_key: Option<OnMissingKey>,
    pub(super) cost: Option<CostFn>,
    pub(super) charge_on: Option<ChargeOn>,
    pub(super) exempt: Vec<TestFn>,
    pub(super) deny: Vec<TestFn>,
    pub(super) preflight_counts: bool,
    pub(super) shadow: Option<bool>,
}

/// A policy and what moves it.
#[derive(Clone)]
pub(super) struct PolicyRule {
    pub(super) policy: Policy,
    pub(super) quota_for: Option<QuotaFn>,
    pub(super) controller: Option<Arc<Controller>>,
}

impl Rule {
    /// A rule with one policy.
    pub fn new(policy: impl Into<Policy>) -> Self {
        Self::empty().and(policy)
    }

    pub(super) fn empty() -> Self {
        Self {
            name: None,
            policies: Vec::new(),
            governor: None,
            key: None,
            on_missing_key: None,
            cost: None,
            charge_on: None,
            exempt: Vec::new(),
            deny: Vec::new(),
            preflight_counts: false,
            shadow: None,
        }
    }

    /// This rule, with what it leaves open taken from `base`, and exempting and denying what that does.
    pub(super) fn or(mut self, base: &Self) -> Self {
        self.key = self.key.or_else(|| base.key.clone());
        self.on_missing_key = self.on_missing_key.or(base.on_missing_key);
        self.cost = self.cost.or_else(|| base.cost.clone());
        if self.governor.is_none() {
            self.charge_on = self.charge_on.or_else(|| base.charge_on.clone());
        }
        self.shadow = self.shadow.or(base.shadow);
        self.exempt.extend_from_slice(&base.exempt);
        self.deny.extend_from_slice(&base.deny);
        self.preflight_counts |= base.preflight_counts;
        self
    }

    #[cfg(feature = "governor")]
    pub(super) fn governed(governor: Arc<Governor>) -> Self {
        Self { governor: Some(governor), ..Self::empty() }
    }

    /// Whether it limits anything.
    pub(super) fn is_empty(&self) -> bool {
        self.policies.is_empty() && self.governor.is_none()
    }

    /// Adds a policy. A request passes if all policies let it, and is charged to all of them or to none.
    ///
    /// # Panics
    ///
    /// If the rule is a governor's limiter: it takes nothing back, so the two could not be charged together.
    pub fn and(mut self, policy: impl Into<Policy>) -> Self {
        self.not_governed("and");
        let policy = policy.into();
        self.policies.push(PolicyRule { policy, quota_for: None, controller: None });
        self
    }

    /// Gives single requests another quota than that of the policy added last: a customer's plan, say. `None` is the policy's.
    ///
    /// ```
    /// use tower_weir::{key::Extension, rate_limit::{Quota, Rule}};
    ///
    /// #[derive(Clone, Hash)]
    /// struct Customer { id: u64, pays: bool } // a layer outside stores it
    ///
    /// const FREE: Quota = Quota::per_minute(20);
    /// const PAID: Quota = Quota::per_minute(2_000);
    /// let rule = Rule::new(FREE).key(Extension::<Customer>::new()).quota_for(|head| {
    ///     head.extensions.get::<Customer>().filter(|customer| customer.pays).map(|_| PAID)
    /// });
    /// ```
    ///
    /// What a key owes is a time, so one that changes its quota keeps it. An [override](super::PolicyHandle::set_override) of
    /// the key goes before this.
    ///
    /// # Panics
    ///
    /// If the rule has no policy yet.
    pub fn quota_for(
        mut self,
        quota: impl Fn(&Head<'_>) -> Option<Quota> + Send + Sync + 'static,
    ) -> Self {
        self.last_policy("quota_for").quota_for = Some(Arc::new(quota));
        self
    }

    /// Lets the rate of the policy added last fall while the service suffers, see [`Adaptive`].
    ///
    /// # Panics
    ///
    /// If the rule has no policy yet.
    pub fn adaptive(mut self, adaptive: Adaptive) -> Self {
        self.last_policy("adaptive").controller = Some(Arc::new(Controller::new(adaptive)));
        self
    }

    fn not_governed(&self, setting: &str) {
        let remedy = "put a second layer around it";
        assert!(
            self.governor.is_none(),
            "`{setting}` does not go with a governor's limiter: {remedy}"
        );
    }

    fn last_policy(&mut self, setting: &str) -> &mut PolicyRule {
        let last = self.policies.last_mut();
        last.unwrap_or_else(|| {
            panic!("`{setting}` is for the policy added last, and there is none")
        })
    }

    /// Names the limit: the label `limit` of its metrics. Rules of one layer (or one table) with the same name share what keys
    /// owe.
    ///
    /// Without a name it is the route's pattern, and `default` for a layer's own rule.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Counts requests for each key; without this, all requests together.
    pub fn key(mut self, extractor: impl KeyExtractor) -> Self {
        self.key = Some(Arc::new(extractor));
        self
    }

    /// Says what becomes of a request that carries no key.
    pub fn on_missing_key(mut self, choice: OnMissingKey) -> Self {
        self.on_missing_key = Some(choice);
        self
    }

    /// Charges a request as if it were so many.
    ///
    /// One of cost 0 always passes. One that costs more than a policy's burst never does.
    pub fn cost(mut self, cost: impl Fn(&Head<'_>) -> u32 + Send + Sync + 'static) -> Self {
        self.cost = Some(Arc::new(cost));
        self
    }

    /// Charges what the response says, once its status is known: the head of the response, for gRPC perhaps its trailers.
    ///
    /// ```
    /// use tower_weir::rate_limit::{Quota, Rule};
    ///
    /// let failed_logins = Rule::new(Quota::per_minute(5)).charge_on(|served| u32::from(!served.is_success()));
    /// ```
    ///
    /// A request reserves its [cost](Rule::cost) first: it passes if that would fit beside all that is reserved for the key. So
    /// requests that are under way together cannot all pass because none has failed yet. The charge may be more than what
    /// was reserved, also more than a burst; the key then waits the longer. A client that leaves before the status is known is
    /// charged what was reserved.
    ///
    /// # Panics
    ///
    /// If the rule is a governor's limiter, which takes nothing back.
    pub fn charge_on(self, charge: impl Fn(&Served<'_>) -> u32 + Send + Sync + 'static) -> Self {
        self.charged_on(Arc::new(charge), false)
    }

    /// As [`Rule::charge_on`], but when the body has ended and it is known how much was sent. A client that leaves in the body
    /// is charged for what it was sent.
    ///
    /// # Panics
    ///
    /// As [`Rule::charge_on`].
    pub fn charge_at_end(
        self,
        charge: impl Fn(&Served<'_>) -> u32 + Send + Sync + 'static,
    ) -> Self {
        self.charged_on(Arc::new(charge), true)
    }

    fn charged_on(self, charge: ChargeFn, at_end: bool) -> Self {
        self.not_governed("charge_on");
        Self { charge_on: Some(ChargeOn { charge, at_end }), ..self }
    }

    /// Lets requests pass uncounted, such as health checks or those from an allow list; may be given several times.
    pub fn exempt(mut self, exempt: impl Fn(&Head<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.exempt.push(Arc::new(exempt));
        self
    }

    /// Rejects requests whatever their quota, such as those from a deny list: 403 Forbidden, gRPC `PERMISSION_DENIED`. May be
    /// given several times, and goes before [`Rule::exempt`].
    ///
    /// ```
    /// use tower_weir::{key::PeerIp, rate_limit::{Quota, Rule}};
    ///
    /// let rule = Rule::new(Quota::per_second(20))
    ///     .deny(PeerIp.within(["192.0.2.0/24"])?)
    ///     .exempt(PeerIp.within(["10.0.0.0/8", "fd00::/8"])?);
    /// # Ok::<(), tower_weir::error::ConfigError>(())
    /// ```
    ///
    /// For single keys, at run time: [`LimitHandle::deny`](super::LimitHandle::deny).
    pub fn deny(mut self, deny: impl Fn(&Head<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.deny.push(Arc::new(deny));
        self
    }

    /// Only counts and labels what it would reject, and lets it pass: a dry run. Clients are told nothing of the limit.
    pub fn shadow(mut self, shadow: bool) -> Self {
        self.shadow = Some(shadow);
        self
    }

    /// Counts CORS preflights too. They pass uncounted otherwise: a browser sends them on its own account, and a script cannot
    /// read why one failed. Put a CORS layer outside of this one, so that it answers them and adds its headers to rejections.
    pub fn count_preflights(mut self) -> Self {
        self.preflight_counts = true;
        self
    }
}

impl<P: Into<Policy>> From<P> for Rule {
    fn from(policy: P) -> Self {
        Self::new(policy)
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("name", &self.name)
            .field("policies", &self.policies.iter().map(|rule| &rule.policy).collect::<Vec<_>>())
            .field("on_missing_key", &self.on_missing_key)
            .finish_non_exhaustive()
    }
}

/// Whether this is a CORS preflight (Fetch standard, "CORS-preflight request").
pub(super) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}
