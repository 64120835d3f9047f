use std::{borrow::Cow, hash::Hash, time::Duration};

use super::{
    Policy, Table,
    decision::{Decision, decide},
    gcra::Gcra,
};
use crate::{
    clock::{Clock, Timestamp},
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
#[derive(Clone, Debug)]
pub struct Limiter {
    name: Cow<'static, str>,
    policies: Vec<ActivePolicy>,
    table: Table,
    clock: Clock,
}

/// A policy at work.
#[derive(Clone, Debug)]
pub(super) struct ActivePolicy {
    pub(super) policy: Policy,
    pub(super) gcra: Gcra,
    /// Tells the policy's entries in the table from those of others.
    salt: u64,
}

impl ActivePolicy {
    /// Where the table keeps what `key` owes to this policy. 0 means an unused slot there.
    #[inline]
    pub(super) fn id(&self, key: Key) -> u64 {
        (key.bits() ^ self.salt).max(1)
    }
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
        let mut limiter = Self { name, policies: Vec::with_capacity(policies.len()), table, clock };
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
    pub fn check(&self, key: &impl Hash) -> Result<(), Denied> {
        self.check_n(key, 1)
    }

    /// Charges `cost` requests to `key`, all or none.
    ///
    /// # Errors
    ///
    /// If that would exceed a quota. Nothing is charged then.
    pub fn check_n(&self, key: &impl Hash, cost: u32) -> Result<(), Denied> {
        let key = self.table.seed().key(key);
        match self.decide(self.clock.now(), key, cost).refusal() {
            None => Ok(()),
            Some(wait) => Err(Denied { retry_after: wait.map(Duration::from_nanos) }),
        }
    }

    /// The names and quotas.
    pub fn policies(&self) -> impl ExactSizeIterator<Item = &Policy> {
        self.policies.iter().map(|active| &active.policy)
    }

    /// Decides at `now`, and charges if all policies allow it.
    #[inline]
    pub(super) fn decide(&self, now: Timestamp, key: Key, cost: u32) -> Decision {
        decide(&self.table, &self.policies, now, key, cost)
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
        let gcra = Gcra::new(policy.quota());
        // By the names, so that a table finds its entries again under the same configuration.
        let salt = self.table.seed().key(&(&*self.name, policy.name())).bits();
        self.policies.push(ActivePolicy { policy, gcra, salt });
    }
}
