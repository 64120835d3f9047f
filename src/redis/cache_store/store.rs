use std::{
    fmt,
    sync::{Arc, LazyLock, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use tokio::{runtime::Handle, task::AbortHandle};

use super::{
    framed::unframed,
    names,
    queue::{Job, Queue, Room},
    settings::Settings,
    tasks::Tasks,
    writer::Writer,
};
use crate::{
    cache::second_tier::{
        Claim, Claiming, Getting, Held, Landing, Purging, Record, SecondTier, SecondTierError,
        TierKey,
    },
    error::ConfigError,
    redis::{
        Redis, Status,
        connection::{Failure, Script, Use, checked_timeout},
        flights::{Claimed, Claims, Waiting},
        invalidation::{Follower, PurgeLog},
    },
};

/// Keeps cached responses in Redis, behind a store in memory, so that processes share them, and carries purges between them.
///
/// ```
/// use tower_weir::{
///     cache::{CacheLayer, MemoryStore},
///     redis::{Redis, RedisCache},
/// };
///
/// # fn main() -> Result<(), tower_weir::error::ConfigError> {
/// let redis = Redis::open("redis://127.0.0.1/")?;
/// let store = MemoryStore::with_max_bytes(64 << 20).over(RedisCache::new(&redis));
/// let layer = CacheLayer::new(store);
/// # Ok(())
/// # }
/// ```
///
/// What this process does not have in memory is looked up in Redis, and kept in memory from then on; only what is not there
/// either is asked of the service. What the service answers is written to Redis in the background. See the
/// [module](crate::redis) for what happens while Redis is down, and for what can be read there.
pub struct RedisCache {
    redis: Redis,
    settings: Settings,
    work: OnceLock<Work>,
}

/// What runs once the cache is behind a store.
struct Work {
    log: PurgeLog,
    purging: Purging,
    queue: Arc<Queue>,
    waiting: Arc<Waiting>,
    tasks: Tasks,
}

static GET: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("get.lua")));

impl RedisCache {
    /// In this server, or cluster.
    pub fn new(redis: &Redis) -> Self {
        Self { redis: redis.clone(), settings: Settings::default(), work: OnceLock::new() }
    }

    /// Does not write responses that take more than this, before they are compressed: 1 MiB if not set.
    #[must_use]
    pub fn max_object_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_object_bytes = bytes;
        self
    }

    /// Lets no more responses than this wait to be written, which hold on to no more than so many bytes together: 4,096 and
    /// 64 MiB if not set.
    ///
    /// What comes while there is no room is not written, and counted as dropped. That is never an error for anyone: the process
    /// that asked the service has the response in its memory.
    #[must_use]
    pub fn max_queued_writes(mut self, writes: usize, bytes: usize) -> Self {
        self.settings.queue = Room { writes, bytes };
        self
    }

    /// Waits no longer than this for Redis to say what it has: 20 ms if not set. After that, the service is asked.
    ///
    /// No cache waits for longer than a second, whatever is set here.
    ///
    /// # Errors
    ///
    /// If it is zero.
    pub fn timeout(mut self, timeout: Duration) -> Result<Self, ConfigError> {
        self.settings.timeout = checked_timeout("timeout", timeout)?;
        Ok(self)
    }

    /// Lets one process make a call while the others wait for its answer, no longer than this; after that they make it
    /// themselves.
    ///
    /// Off if not set: then each process makes it once, however many requests wait for it there. It is for calls that take much
    /// longer than Redis does, since it costs two more round trips: one before the call, and one after it that nobody waits
    /// for. If the process that makes the call dies, the others wait no longer than this.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tower_weir::redis::{Redis, RedisCache};
    /// # fn main() -> Result<(), tower_weir::error::ConfigError> {
    /// let redis = Redis::open("redis://127.0.0.1/")?;
    /// let cache = RedisCache::new(&redis).flights(Duration::from_secs(2))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If it is zero.
    pub fn flights(mut self, max_wait: Duration) -> Result<Self, ConfigError> {
        self.settings.max_wait = Some(checked_timeout("wait of a flight", max_wait)?);
        Ok(self)
    }

    /// What is at work, started if it is not. `None` before the cache is behind a store, and where no runtime runs.
    fn work(&self) -> Option<&Work> {
        let work = self.work.get()?;
        work.tasks.ensure(|runtime| self.start(work, runtime)).then_some(work)
    }

    fn start(&self, work: &Work, runtime: &Handle) -> Vec<AbortHandle> {
        let Work { log, purging, queue, waiting, .. } = work;
        let follower = Follower::new(&self.redis, log, purging, waiting);
        let claims = self.claims(work);
        let writer = Writer::new(&self.redis, log, purging, queue, claims);
        vec![
            runtime.spawn(follower.follow()).abort_handle(),
            runtime.spawn(writer.run()).abort_handle(),
        ]
    }

    fn claims(&self, work: &Work) -> Option<Claims> {
        let max_wait = self.settings.max_wait?;
        Some(Claims::new(&self.redis, max_wait, &work.waiting))
    }
}

impl SecondTier for RedisCache {
    fn get(&self, key: TierKey) -> Getting {
        self.work();
        let (redis, limit) = (self.redis.clone(), self.settings.timeout);
        Box::pin(async move {
            let name = [names::of_record(&redis, key)];
            let found: Option<(Bytes, i64)> =
                redis.run_within(limit, Use::Cache, &GET, &name, &[]).await?;
            let held = found.and_then(|(value, left)| unframed(value, left));
            Ok(held.map(|(bytes, since)| Held { bytes, since }))
        })
    }

    fn put(&self, record: Record) {
        let Some(work) = self.work().filter(|_| self.redis.status() != Status::Down) else {
            return record.dropped();
        };
        if record.weight() > self.settings.max_object_bytes {
            record.too_large();
        } else if let Some(record) = work.queue.write(record, self.settings.queue) {
            record.dropped();
        }
    }

    fn remove(&self, key: TierKey) {
        if let Some(work) = self.work() {
            work.queue.push(Job::Remove(key));
        }
    }

    fn claim(&self, key: TierKey) -> Claiming {
        let at_work = self.work().and_then(|work| Some((self.claims(work)?, &work.queue)));
        let Some((claims, queue)) = at_work else { return Box::pin(async { Claim::Free }) };
        let queue = Arc::clone(queue);
        Box::pin(async move {
            match claims.claim(key).await {
                // Behind the record: those who wait are to find it.
                Claimed::Mine(token) => {
                    Claim::Mine(Landing::new(move || queue.push(Job::Land(key, token))))
                }
                Claimed::Landed => Claim::Landed,
                Claimed::Free => Claim::Free,
            }
        })
    }

    fn carry(&self, purges: Purging) {
        let work = Work {
            log: PurgeLog::new(&self.redis),
            purging: purges,
            queue: Arc::default(),
            waiting: Arc::default(),
            tasks: Tasks::default(),
        };
        let _ = self.work.set(work);
        self.work();
    }
}

impl fmt::Debug for RedisCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisCache")
            .field("redis", &self.redis)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl From<Failure> for SecondTierError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::TimedOut => Self::TimedOut,
            Failure::Skipped => Self::Unavailable,
            failure @ Failure::Failed(_) => Self::Failed(failure.into()),
        }
    }
}
