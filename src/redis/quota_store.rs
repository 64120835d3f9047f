use std::{num::NonZeroU32, sync::LazyLock};

use super::{
    Redis,
    connection::{Failure, Script, Use},
};
use crate::rate_limit::shared::{
    Action, Ask, Asking, Outcome, SharedStore, SharedStoreError, Standing, Terms,
};

/// Keeps what keys owe in Redis or Valkey, so that the limits of all processes that share the server are one.
///
/// ```
/// use std::num::NonZeroU32;
/// use tower_weir::{key::PeerIp, rate_limit::{Fallback, Quota, RateLimitLayer}, redis::{Redis, RedisStore}};
///
/// let redis = Redis::open("redis://cache.internal:6379")?;
/// let layer = RateLimitLayer::new(Quota::per_second(20))
///     .and(Quota::per_minute(100))
///     .key(PeerIp)
///     .named("api") // what counts together has one name
///     .shared(RedisStore::new(&redis))
///     .fallback(Fallback::FailOpen);
/// # Ok::<(), tower_weir::error::ConfigError>(())
/// ```
///
/// All policies of a request are decided on by one script, in one round trip, and charged together or not at all. The time is the
/// server's: how clocks of processes differ does not matter. Of a cluster, one node has all that a key owes to a limit, as its
/// keys are called `{weir:rl:` and 32 hexadecimal digits, `}:` and the policy. Each is there for as long as something is owed.
///
/// A value that is not one of this crate's counts as nothing owed, and is overwritten. A server that evicts keys, or comes back
/// without them after a crash, forgives what they owed.
///
/// Processes that have such a store are counted over the server, see [`Share::Counted`](crate::rate_limit::Share::Counted).
#[derive(Clone, Debug)]
pub struct RedisStore {
    redis: Redis,
}

static GCRA: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("gcra.lua")));

impl RedisStore {
    /// In this server, or cluster.
    pub fn new(redis: &Redis) -> Self {
        redis.count_processes();
        Self { redis: redis.clone() }
    }
}

impl SharedStore for RedisStore {
    fn processes(&self) -> Option<NonZeroU32> {
        self.redis.processes()
    }

    fn ask(&self, ask: Ask) -> Asking {
        let redis = self.redis.clone();
        Box::pin(async move {
            let (keys, arguments) = (keys(redis.prefix(), &ask), arguments(&ask));
            let told: Vec<u64> = redis.run(Use::Limit, &GCRA, &keys, &arguments).await?;
            outcome(&told).ok_or_else(|| {
                SharedStoreError::Failed("the script's answer has another form".into())
            })
        })
    }
}

/// One for each policy. The braces have a cluster keep them together.
fn keys(prefix: &str, ask: &Ask) -> Vec<String> {
    let key = |terms: &Terms| format!("{{{prefix}:rl:{}}}:{}", ask.key, terms.policy);
    ask.terms.iter().map(key).collect()
}

fn arguments(ask: &Ask) -> Vec<Vec<u8>> {
    let (mode, cells, most) = match ask.action {
        Action::Check { cells } => ("check", cells, cells),
        Action::Peek { cells } => ("peek", cells, cells),
        Action::Lease { least, most } => ("lease", least, most),
        Action::Charge { cells } => ("charge", cells, cells),
        Action::Refund { cells } => ("refund", cells, cells),
    };
    let number = |number: u64| number.to_string().into_bytes();
    let mut arguments = Vec::with_capacity(3 + 3 * ask.terms.len());
    arguments.extend([mode.into(), number(cells.into()), number(most.into())]);
    arguments
        .extend(ask.terms.iter().flat_map(|terms| [terms.interval, terms.tolerance].map(number)));
    if let Action::Refund { .. } = ask.action {
        arguments.extend(ask.terms.iter().map(|terms| number(terms.paid)));
    }
    arguments
}

fn outcome(told: &[u64]) -> Option<Outcome> {
    let [granted, standings @ ..] = told else { return None };
    let (standings, []) = standings.as_chunks() else { return None };
    let standings = standings.iter().map(|&[retry, reset]| Standing { retry, reset });
    Some(Outcome { granted: u32::try_from(*granted).ok()?, standings: standings.collect() })
}

impl From<Failure> for SharedStoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::TimedOut => Self::TimedOut,
            Failure::Skipped => Self::Unavailable,
            failure @ Failure::Failed(_) => Self::Failed(failure.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        key::SharedKey,
        rate_limit::{Gcra, Quota},
    };

    #[test]
    fn all_that_a_request_is_asked_for_goes_to_one_node_by_numbers() {
        let mut terms = ["a", "b"].map(|name| Terms::new(name, Gcra::new(Quota::per_second(3))));
        terms[1].paid = 7;
        let ask = |action| Ask::new(SharedKey::of("abc"), terms.clone(), action);
        let refund = ask(Action::Refund { cells: 2 });
        let tag = "{weir:rl:8e3b08dc1236880bf0c55873db58b12d}";
        assert_eq!(keys("weir", &refund), [format!("{tag}:a"), format!("{tag}:b")]);
        let words = |ask: &Ask| {
            let words = arguments(ask).into_iter().map(|word| String::from_utf8(word).unwrap());
            words.collect::<Vec<_>>().join(" ")
        };
        let numbers = "333333334 1000000002 333333334 1000000002";
        assert_eq!(words(&refund), format!("refund 2 2 {numbers} 0 7"));
        let lease = ask(Action::Lease { least: 1, most: 9 });
        assert_eq!(words(&lease), format!("lease 1 9 {numbers}"));
    }

    #[test]
    fn an_answer_of_another_form_is_none() {
        for told in [&[][..], &[1, 2], &[1, 2, 3, 4], &[u64::MAX, 0, 0]] {
            assert_eq!(outcome(told), None);
        }
        let standings = [Standing { retry: 0, reset: 5 }].into();
        assert_eq!(outcome(&[1, 0, 5]), Some(Outcome { granted: 1, standings }));
    }
}
