use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use tokio::time::timeout;

use super::Waiting;
use crate::{
    cache::second_tier::TierKey,
    redis::{
        Redis,
        connection::{Failure, Script, UNHURRIED, Use},
        random::random,
    },
};

/// Locks of flights in Redis.
#[derive(Clone, Debug)]
pub(in crate::redis) struct Claims {
    redis: Redis,
    /// How long others wait for a flight, and so how long its lock lasts.
    max_wait: Duration,
    waiting: Arc<Waiting>,
}

/// What came of a claim.
#[derive(Debug)]
pub(in crate::redis) enum Claimed {
    /// The lock is this process's, until it [lands](Claims::land) with this token.
    Mine(Token),
    Landed,
    Free,
}

/// What a lock is taken with.
#[derive(Debug)]
pub(in crate::redis) struct Token(String);

static CLAIM: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("claim.lua")));
static LAND: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("land.lua")));

impl Claims {
    pub(in crate::redis) fn new(redis: &Redis, max_wait: Duration, waiting: &Arc<Waiting>) -> Self {
        Self { redis: redis.clone(), max_wait, waiting: Arc::clone(waiting) }
    }

    /// Where landings are published.
    pub(in crate::redis) fn channel(redis: &Redis) -> String {
        format!("{}:landed", redis.prefix())
    }

    /// Takes the lock, or waits for who has it.
    pub(in crate::redis) async fn claim(&self, key: TierKey) -> Claimed {
        timeout(self.max_wait, self.take_or_wait(key)).await.unwrap_or(Claimed::Free)
    }

    async fn take_or_wait(&self, key: TierKey) -> Claimed {
        // Before the lock is asked for, so that no landing after that is missed.
        let Some(mut waiter) = self.waiting.join(key) else { return Claimed::Free };
        let token = Token(format!("{:016x}", random()));
        loop {
            match self.ask(key, &token).await {
                Ok(0) => return Claimed::Mine(token),
                // A lock that runs out was that of a process which has died, or which takes too long.
                Ok(millis) => match timeout(Duration::from_millis(millis), waiter.landed()).await {
                    Ok(true) => return Claimed::Landed,
                    Ok(false) => return Claimed::Free,
                    Err(_) => {}
                },
                // It may be taken, and would keep others waiting if it were not given back.
                Err(Failure::TimedOut) => return Claimed::Mine(token),
                Err(_) => return Claimed::Free,
            }
        }
    }

    async fn ask(&self, key: TierKey, token: &Token) -> Result<u64, Failure> {
        // The lock does not outlast those who wait.
        let millis = self.max_wait.as_millis().max(1).to_string();
        let arguments = [token.0.clone().into(), millis.into()];
        self.redis.run(Use::Flight, &CLAIM, &[self.lock(key)], &arguments).await
    }

    /// Gives the lock back, and tells those who wait.
    pub(in crate::redis) async fn land(&self, key: TierKey, token: &Token) -> Result<(), Failure> {
        let arguments = [
            token.0.clone().into(),
            Self::channel(&self.redis).into(),
            format!("{:032x}", key.bits()).into(),
        ];
        self.redis.run_within(UNHURRIED, Use::Flight, &LAND, &[self.lock(key)], &arguments).await
    }

    fn lock(&self, key: TierKey) -> String {
        format!("{}:f:{:032x}", self.redis.prefix(), key.bits())
    }
}
