//! A `governor::RateLimiter` as the limiter behind the layer.

use std::{hash::Hash, num::NonZeroU32, sync::Arc};

use governor::{
    InsufficientCapacity, NotUntil, RateLimiter, clock,
    middleware::{RateLimitingMiddleware, StateSnapshot},
    state::{NotKeyed, direct::DirectStateStore, keyed::KeyedStateStore},
};
use smallvec::smallvec;

use super::{
    Gcra, Quota, Rule,
    decision::{Decision, Standing},
    quota::LONGEST,
};
use crate::{
    clock::{Timestamp, nanos},
    head::Head,
    key::MissingKey,
};

/// What a middleware of governor says of a request that passes: implemented for the two that governor has.
pub trait Positive {
    /// How the limiter stands now, if that is told.
    fn snapshot(&self) -> Option<&StateSnapshot>;
}

impl Positive for () {
    fn snapshot(&self) -> Option<&StateSnapshot> {
        None
    }
}

impl Positive for StateSnapshot {
    fn snapshot(&self) -> Option<&StateSnapshot> {
        Some(self)
    }
}

impl Rule {
    /// Limits requests by a keyed [`governor::RateLimiter`], which other code may share.
    ///
    /// ```
    /// use std::{net::{IpAddr, SocketAddr}, num::NonZeroU32, sync::Arc};
    /// use tower_weir::rate_limit::{RateLimitLayer, Rule};
    ///
    /// let shared = Arc::new(governor::RateLimiter::<IpAddr, _, _>::keyed(governor::Quota::per_second(NonZeroU32::new(5).unwrap())));
    /// let rule = Rule::governor(shared.clone(), |head| Some(head.extensions.get::<SocketAddr>()?.ip()));
    /// let layer = RateLimitLayer::new(rule);
    /// ```
    ///
    /// A request without a key is rejected, unless [`on_missing_key`](Rule::on_missing_key) says to skip it. The header fields
    /// tell a limiter's quota where it does: with `StateInformationMiddleware` on all responses, without on rejections. Its
    /// policy is called `governor`.
    ///
    /// The limiter's quota, clock and memory are its own: there are no tiers, no adapting, no snapshots, and no charging by the
    /// response, since it takes nothing back. Allowing and denying keys, shadow and queues work.
    pub fn governor<K, S, C, M>(
        limiter: Arc<RateLimiter<K, S, C, M>>,
        key: impl Fn(&Head<'_>) -> Option<K> + Send + Sync + 'static,
    ) -> Self
    where
        K: Hash + Send + Sync + 'static,
        S: KeyedStateStore<K> + Send + Sync + 'static,
        C: clock::Clock + Send + Sync + 'static,
        M: RateLimitingMiddleware<C::Instant, NegativeOutcome = NotUntil<C::Instant>>
            + Send
            + Sync
            + 'static,
        M::PositiveOutcome: Positive,
    {
        Self::governed(Arc::new(move |head, seed| {
            let key = key(head).ok_or(MissingKey::new("key of the governor limiter"))?;
            let (hashed, limiter) = (seed.key(&key), Arc::clone(&limiter));
            let check = move |now, cost| {
                decide(now, cost, limiter.clock(), |cost| limiter.check_key_n(&key, cost))
            };
            Ok((hashed, Box::new(check)))
        }))
    }

    /// Limits all requests together by a direct [`governor::RateLimiter`], otherwise as [`Rule::governor`].
    pub fn governor_direct<S, C, M>(limiter: Arc<RateLimiter<NotKeyed, S, C, M>>) -> Self
    where
        S: DirectStateStore + Send + Sync + 'static,
        C: clock::Clock + Send + Sync + 'static,
        M: RateLimitingMiddleware<C::Instant, NegativeOutcome = NotUntil<C::Instant>>
            + Send
            + Sync
            + 'static,
        M::PositiveOutcome: Positive,
    {
        Self::governed(Arc::new(move |_, seed| {
            let limiter = Arc::clone(&limiter);
            let check =
                move |now, cost| decide(now, cost, limiter.clock(), |cost| limiter.check_n(cost));
            Ok((seed.key(&()), Box::new(check)))
        }))
    }
}

/// One request in each replenishing interval, with governor's burst.
///
/// ```
/// use std::num::NonZeroU32;
/// use tower_weir::rate_limit::Quota;
///
/// let theirs = governor::Quota::per_second(NonZeroU32::new(5).unwrap());
/// assert_eq!(Quota::from(theirs).to_string(), "1 per 200ms; burst=5");
/// ```
///
/// Intervals of zero become a nanosecond. A burst that would take over 100 years to come back is cut to what does not.
impl From<governor::Quota> for Quota {
    fn from(quota: governor::Quota) -> Self {
        let interval = nanos(quota.replenish_interval()).clamp(1, LONGEST);
        let longest = u32::try_from(LONGEST / interval).unwrap_or(u32::MAX);
        let burst = quota.burst_size().get().min(longest);
        Self::from_parts(1, interval, Some(burst), false)
    }
}

/// Puts what governor says in our words. A cost of 0 passes, as it does with our own limiters.
fn decide<C: clock::Clock, P: Positive>(
    now: Timestamp,
    cost: u32,
    clock: &C,
    check: impl FnOnce(NonZeroU32) -> Result<Result<P, NotUntil<C::Instant>>, InsufficientCapacity>,
) -> Decision {
    let Some(cost) = NonZeroU32::new(cost) else { return Decision::untold(None) };
    match check(cost) {
        Ok(Ok(passed)) => {
            let Some(state) = passed.snapshot() else { return Decision::untold(None) };
            let quota = Quota::from(state.quota());
            let gcra = Gcra::new(quota);
            let owed = u64::from(gcra.burst.saturating_sub(state.remaining_burst_capacity()));
            let tat = now.as_nanos().saturating_add(owed.saturating_mul(gcra.interval));
            told(quota, Standing::passed(gcra, tat))
        }
        Ok(Err(not_until)) => {
            let quota = Quota::from(not_until.quota());
            let wait = nanos(not_until.wait_time_from(clock.now()));
            let gcra = Gcra::new(quota);
            let paid =
                gcra.tolerance.saturating_sub(u64::from(cost.get()).saturating_mul(gcra.interval));
            let tat = now.as_nanos().saturating_add(paid).saturating_add(wait);
            told(quota, Standing::refused(gcra, tat, Some(wait)))
        }
        Err(InsufficientCapacity(_)) => Decision::untold(Some(None)),
    }
}

fn told(quota: Quota, standing: Standing) -> Decision {
    Decision { told: Some(Box::new(quota)), ..Decision::new(smallvec![standing], false) }
}
