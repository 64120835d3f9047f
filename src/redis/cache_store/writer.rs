use std::{
    collections::HashMap,
    pin::pin,
    sync::{Arc, LazyLock},
    time::Duration,
};

use ::redis::Cmd;
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::sleep,
};

use super::{
    framed::Framed,
    names,
    queue::{Job, Queue},
};
use crate::{
    cache::second_tier::{Encoded, Purging, Record, TierKey, Unsent},
    redis::{
        Redis, Status,
        connection::{Failure, Script, UNHURRIED, Use},
        flights::{Claims, Token},
        invalidation::{Meters, PurgeLog},
    },
};

/// Does in the background what a cache has to do in Redis, in an order that others can rely on: purges before what is written
/// after them, and what concerns one key in its order.
pub(super) struct Writer {
    log: PurgeLog,
    purging: Purging,
    queue: Arc<Queue>,
    meters: Meters,
    desk: Desk,
}

/// What one job needs.
#[derive(Clone)]
struct Desk {
    redis: Redis,
    claims: Option<Claims>,
}

static TIME: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("time.lua")));

/// How many jobs are under way at once.
const AT_ONCE: usize = 32;

/// To encode more than this could keep a thread from its other tasks for too long.
const LONG: usize = 64 << 10;

/// Some hundred years, which a server can still add to the time.
const MOST_MILLIS: u64 = 1 << 43;

/// How long it waits before it sends purges again, and at most.
const PAUSES: [Duration; 2] = [Duration::from_millis(10), Duration::from_secs(1)];

impl Writer {
    pub(super) fn new(
        redis: &Redis,
        log: &PurgeLog,
        purging: &Purging,
        queue: &Arc<Queue>,
        claims: Option<Claims>,
    ) -> Self {
        Self {
            log: log.clone(),
            purging: purging.clone(),
            queue: Arc::clone(queue),
            meters: Meters::resolve(redis),
            desk: Desk { redis: redis.clone(), claims },
        }
    }

    /// Works until it is dropped.
    pub(super) async fn run(self) {
        let mut under_way = JoinSet::new();
        let mut keys = HashMap::new();
        let mut pause = PAUSES[0];
        let mut rest = pin!(sleep(Duration::ZERO));
        // After purges could not be sent, or not to a log that this process knows.
        let mut rests = false;
        loop {
            if !rests {
                match self.send_purges().await {
                    Ok(true) => pause = PAUSES[0],
                    Ok(false) | Err(_) => {
                        rests = true;
                        rest.set(sleep(pause));
                        pause = (2 * pause).min(PAUSES[1]);
                    }
                }
            }
            while under_way.len() < AT_ONCE
                && let Some(job) = self.queue.next(|key| keys.values().any(|other| *other == key))
            {
                let key = job.key();
                let task = under_way.spawn(self.desk.clone().work_off(job));
                keys.insert(task.id(), key);
            }
            tokio::select! {
                () = self.purging.wait(), if !rests => {}
                () = &mut rest, if rests => rests = false,
                () = self.queue.filled() => {}
                Some(ended) = under_way.join_next_with_id() => {
                    // A record whose encoding panics is lost, and nothing else.
                    let id = ended.map_or_else(|panicked| panicked.id(), |(id, ())| id);
                    keys.remove(&id);
                }
            }
        }
    }

    /// Sends all there are. Whether this process knows the log that has them.
    async fn send_purges(&self) -> Result<bool, Failure> {
        loop {
            let unsent = self.purging.unsent();
            if unsent.is_empty() {
                return Ok(true);
            }
            for purges in unsent.chunks(PurgeLog::SENT_AT_ONCE) {
                let (log, first) = self.log.send(self.purging.position(), purges).await?;
                for (number, Unsent { issue, .. }) in (first..).zip(purges) {
                    // What is missing before it comes by message, or is found to be missing when that comes.
                    self.purging.sent(*issue, log, number);
                }
                self.meters.sent.increment(purges.len() as u64);
                // As long as this process does not know that log, they are taken for unsent, and would be sent for ever.
                if log != self.purging.position().log {
                    return Ok(false);
                }
            }
        }
    }
}

impl Desk {
    async fn work_off(self, job: Job) {
        match job {
            Job::Write(record) => self.write(record).await,
            // What could not be removed is judged when it is read.
            Job::Remove(key) => drop(self.remove(key).await),
            // A lock that is not given back runs out.
            Job::Land(key, token) => drop(self.land(key, &token).await),
        }
    }

    async fn write(&self, record: Record) {
        if self.redis.status() == Status::Down {
            return record.dropped();
        }
        let name = [names::of_record(&self.redis, record.key())];
        // Until when a record is kept says how old it is. So that is counted from a time before it is encoded: a server that was
        // held up carries out long afterwards what it was sent before, and would take it for new.
        let Ok(now) = self.redis.run_within::<u64>(UNHURRIED, Use::Write, &TIME, &name, &[]).await
        else {
            return record.dropped();
        };
        let encoded = if record.weight() > LONG {
            spawn_blocking(|| record.encode()).await.ok().flatten()
        } else {
            record.encode()
        };
        let Some((Encoded { bytes, keep }, receipt)) = encoded else { return };
        let keep = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX).min(MOST_MILLIS);
        if keep == 0 {
            return;
        }
        let mut command = Cmd::with_capacity(5, bytes.len() + 128);
        command.arg("SET").arg(&name);
        command.arg(Framed { keep, record: &bytes }).arg("PXAT").arg(now.saturating_add(keep));
        match self.redis.call_within::<()>(UNHURRIED, Use::Write, &command).await {
            Ok(()) => receipt.written(),
            Err(_) => receipt.failed(),
        }
    }

    async fn remove(&self, key: TierKey) -> Result<(), Failure> {
        let mut command = Cmd::new();
        command.arg("DEL").arg(names::of_record(&self.redis, key));
        self.redis.call_within(UNHURRIED, Use::Write, &command).await
    }

    async fn land(&self, key: TierKey, token: &Token) -> Result<(), Failure> {
        match &self.claims {
            Some(claims) => claims.land(key, token).await,
            None => Ok(()),
        }
    }
}
