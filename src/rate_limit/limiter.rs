use std::{borrow::Cow, fmt, hash::Hash, sync::Arc, time::Duration};

use super::{
    Gcra, Policy, Quota, Table,
    changes::{self, Conversion},
    decision::{self, Ask, Decision},
    exceptions::Exceptions,
    registry::Member,
    table::Charge,
    terms::Terms,
};
use crate::{
    clock::{Clock, Timestamp},
    error::ConfigError,
    key::Key,
};

/// Policies and the table that holds what keys owe to them: a rate limit without HTTP.
///
/// ```
/// use std::time::Duration;
/// use tower_weir::{clock::Clock, rate_limit::{Limiter, Quota}};
///
/// let (clock, hand) = Clock::manual();
/// let messages = Limiter::new(Quota::per_second(2)).and(Quota::per_minute(100)).clock(clock);
/// assert!(messages.check(&"alice").is_ok());
/// assert!(messages.check(&"alice").is_ok());
/// let denied = messages.check(&"alice").unwrap_err();
/// assert_eq!(denied.retry_after(), Some(Duration::from_millis(500)));
/// assert!(messages.check(&"bob").is_ok());
/// hand.advance(Duration::from_millis(500));
/// assert!(messages.check(&"alice").is_ok());
/// ```
///
/// It is what a layer asks, and serves as well inside a handler, for the messages of a WebSocket or the items of a queue.
/// Clones share what keys owe.
#[derive(Clone)]
pub struct Limiter {
    name: Cow<'static, str>,
    policies: Vec<ActivePolicy>,
    exceptions: Arc<Exceptions>,
    table: Table,
    clock: Clock,
}

/// A policy at work.
#[derive(Clone)]
pub(super) struct ActivePolicy {
    pub(super) policy: Policy,
    pub(super) terms: Arc<Terms>,
    pub(super) member: Member,
}

/// A request that would exceed a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied {
    retry_after: Option<Duration>,
}

impl Denied {
    /// After what time it would pass; `None` if it never can, because it costs more than a burst.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl std::fmt::Display for Denied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.retry_after {
            Some(wait) => write!(f, "quota exceeded; it would pass in {wait:?}"),
            None => f.write_str("quota exceeded; it costs more than a whole burst"),
        }
    }
}

impl std::error::Error for Denied {}

impl Limiter {
    /// A limiter with one policy, a table of the default capacity and the system's clock.
    pub fn new(policy: impl Into<Policy>) -> Self {
        let table = Table::with_capacity(Table::DEFAULT_CAPACITY);
        Self::with_parts("default".into(), &[policy.into()], table, Clock::system())
    }

    pub(super) fn with_parts(
        name: Cow<'static, str>,
        policies: &[Policy],
        table: Table,
        clock: Clock,
    ) -> Self {
        let exceptions = Arc::default();
        let room = Vec::with_capacity(policies.len());
        let mut limiter = Self { name, policies: room, exceptions, table, clock };
        for policy in policies {
            limiter.push(policy.clone());
        }
        limiter
    }

    /// Adds a policy. A request passes if all policies let it, and is charged to all of them or to none.
    pub fn and(mut self, policy: impl Into<Policy>) -> Self {
        self.push(policy.into());
        self
    }

    /// Reads time from `clock`.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Keeps what keys owe in `table`, which may serve other limiters too.
    pub fn table(self, table: Table) -> Self {
        let policies: Vec<_> = self.policies.into_iter().map(|active| active.policy).collect();
        Self::with_parts(self.name, &policies, table, self.clock)
    }

    /// Charges one request to `key`.
    ///
    /// # Errors
    ///
    /// If that would exceed a quota. Nothing is charged then.
    #[inline]
    pub fn check(&self, key: &(impl Hash + ?Sized)) -> Result<(), Denied> {
        self.check_n(key, 1)
    }

    /// Charges `cost` requests to `key`, all or none.
    ///
    /// # Errors
    ///
    /// If that would exceed a quota. Nothing is charged then.
    pub fn check_n(&self, key: &(impl Hash + ?Sized), cost: u32) -> Result<(), Denied> {
        let key = self.table.seed().key(key);
        // There is nothing to set exceptions by.
        let ask =
            Ask { now: self.clock.now(), key, cost, tiers: &[], exceptions: None, governed: None };
        let refusal = match &*self.policies {
            [policy] => match decision::charge_one(&self.table, policy, ask).1 {
                Charge::Allowed { .. } => None,
                Charge::Denied { wait, .. } => Some(wait),
            },
            _ => self.decide(ask).refusal(),
        };
        match refusal {
            None => Ok(()),
            Some(wait) => Err(Denied { retry_after: wait.map(Duration::from_nanos) }),
        }
    }

    /// Enforces another quota from now on, for all clones. Keys keep what they owe, as with
    /// [`PolicyHandle::set_quota`](super::PolicyHandle::set_quota).
    ///
    /// # Errors
    ///
    /// If there is no policy of this name.
    pub fn change_quota(&self, policy: &str, quota: Quota) -> Result<(), ConfigError> {
        let at = self.policies.iter().position(|active| active.policy.name() == policy);
        let at = at.ok_or_else(|| ConfigError::new("policy", policy, "there is no such policy"))?;
        changes::set_quota(&[(self, at)], quota, Conversion::Exact);
        Ok(())
    }

    /// The names, and the quotas as they were given.
    pub fn policies(&self) -> impl ExactSizeIterator<Item = &Policy> {
        self.policies.iter().map(|active| &active.policy)
    }

    /// [`Limiter::decide`] where there is a single policy.
    #[inline(always)]
    pub(super) fn charge_one(&self, policy: &ActivePolicy, ask: Ask<'_>) -> (Gcra, Charge) {
        decision::charge_one(&self.table, policy, ask)
    }

    /// Charges if all policies allow it.
    pub(super) fn decide(&self, ask: Ask<'_>) -> Decision {
        decision::decide(&self.table, &self.policies, ask)
    }

    /// Charges nothing.
    pub(super) fn preview(&self, ask: Ask<'_>, held: u32) -> Decision {
        decision::preview(&self.table, &self.policies, ask, held)
    }

    /// Charges for what was served.
    pub(super) fn charge_anyway(&self, ask: Ask<'_>) -> Decision {
        decision::charge_anyway(&self.table, &self.policies, ask)
    }

    /// 0 until the terms of any policy change; then another number after each change.
    #[inline]
    pub(super) fn version(&self) -> u64 {
        self.policies.iter().map(|active| active.terms.version()).sum()
    }

    pub(super) fn exceptions(&self) -> &Exceptions {
        &self.exceptions
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn time(&self) -> &Clock {
        &self.clock
    }

    /// The key that a value has in this limiter's table.
    pub(super) fn key(&self, value: &(impl Hash + ?Sized)) -> Key {
        self.table.seed().key(value)
    }

    pub(super) fn active(&self) -> &[ActivePolicy] {
        &self.policies
    }

    pub(super) fn name(&self) -> &Cow<'static, str> {
        &self.name
    }

    pub(super) fn store(&self) -> &Table {
        &self.table
    }

    fn push(&mut self, policy: Policy) {
        let taken = |name: &str| self.policies.iter().any(|active| active.policy.name() == name);
        let policy = policy.with_free_name(taken);
        let member = self.table.register(&self.name, policy.name(), Gcra::new(policy.quota()));
        let terms = Arc::new(Terms::new(policy.quota()));
        self.policies.push(ActivePolicy { policy, terms, member });
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter")
            .field("name", &self.name)
            .field("policies", &self.policies().collect::<Vec<_>>())
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}
