use std::{borrow::Cow, fmt, sync::Arc};

use http::{
    HeaderMap, Method,
    header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN},
};

use super::Policy;
use crate::{
    head::Head,
    key::{HashedKey, KeyExtractor},
};

pub(super) type CostFn = Arc<dyn Fn(&Head<'_>) -> u32 + Send + Sync>;
pub(super) type ExemptFn = Arc<dyn Fn(&Head<'_>) -> bool + Send + Sync>;

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
    pub(super) policies: Vec<Policy>,
    pub(super) key: Option<Arc<dyn HashedKey>>,
    pub(super) on_missing_key: Option<OnMissingKey>,
    pub(super) cost: Option<CostFn>,
    pub(super) exempt: Vec<ExemptFn>,
    pub(super) preflight_counts: bool,
}

/// What becomes of a request that carries no key.
///
/// Whichever it is, it is logged at the first such request and counted at each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnMissingKey {
    /// All such requests share one key: leaving the key out is no way around the limit, and a server that does not pass
    /// addresses on still serves.
    #[default]
    Share,
    /// It is rejected: 400 Bad Request, gRPC `INVALID_ARGUMENT`.
    Reject,
    /// It passes unlimited.
    Skip,
}

impl Rule {
    /// A rule with one policy.
    pub fn new(policy: impl Into<Policy>) -> Self {
        Self { policies: vec![policy.into()], ..Self::empty() }
    }

    pub(super) fn empty() -> Self {
        Self {
            name: None,
            policies: Vec::new(),
            key: None,
            on_missing_key: None,
            cost: None,
            exempt: Vec::new(),
            preflight_counts: false,
        }
    }

    /// This rule, with what it leaves open taken from `base`, and exempting what that exempts.
    pub(super) fn or(mut self, base: &Self) -> Self {
        self.key = self.key.or_else(|| base.key.clone());
        self.on_missing_key = self.on_missing_key.or(base.on_missing_key);
        self.cost = self.cost.or_else(|| base.cost.clone());
        self.exempt.extend_from_slice(&base.exempt);
        self.preflight_counts |= base.preflight_counts;
        self
    }

    /// Adds a policy. A request passes if all policies let it, and is charged to all of them or to none.
    pub fn and(mut self, policy: impl Into<Policy>) -> Self {
        self.policies.push(policy.into());
        self
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

    /// Lets requests pass uncounted, such as health checks or those from an allow list; may be given several times.
    pub fn exempt(mut self, exempt: impl Fn(&Head<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.exempt.push(Arc::new(exempt));
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
            .field("policies", &self.policies)
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
