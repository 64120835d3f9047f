use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::{
    cache::second_tier::{Record, TierKey},
    redis::flights::Token,
};

/// What is to be done for a cache in the background.
#[derive(Debug)]
pub(super) enum Job {
    Write(Record),
    Remove(TierKey),
    Land(TierKey, Token),
}

/// Jobs in the order they came, those of a key one after the other.
#[derive(Debug, Default)]
pub(super) struct Queue {
    line: Mutex<Line>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Line {
    jobs: VecDeque<Job>,
    writes: usize,
    bytes: usize,
}

/// How many writes wait, and how many bytes they hold on to together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) writes: usize,
    pub(super) bytes: usize,
}

/// How many jobs wait at most that are no writes.
const MOST_OTHERS: usize = 65_536;

impl Job {
    pub(super) fn key(&self) -> TierKey {
        match self {
            Self::Write(record) => record.key(),
            Self::Remove(key) | Self::Land(key, _) => *key,
        }
    }
}

impl Queue {
    /// Queues a record; gives it back if there is no room.
    pub(super) fn write(&self, record: Record, room: Room) -> Option<Record> {
        let mut line = self.line();
        let bytes = line.bytes.saturating_add(record.weight());
        if line.writes >= room.writes || bytes > room.bytes {
            return Some(record);
        }
        line.writes += 1;
        line.bytes = bytes;
        line.jobs.push_back(Job::Write(record));
        drop(line);
        self.filled.notify_one();
        None
    }

    /// Queues what takes no room to speak of. If a slow server has let very many wait, it is dropped: a lock runs out by
    /// itself, and what was to be removed is judged when it is read.
    pub(super) fn push(&self, job: Job) {
        let mut line = self.line();
        if line.jobs.len() - line.writes >= MOST_OTHERS {
            return;
        }
        line.jobs.push_back(job);
        drop(line);
        self.filled.notify_one();
    }

    /// The next job of which no other of its key is still under way: those of one key are done in their order, and do not hold
    /// up the rest.
    pub(super) fn next(&self, is_under_way: impl Fn(TierKey) -> bool) -> Option<Job> {
        let mut line = self.line();
        let at = line.jobs.iter().position(|job| !is_under_way(job.key()))?;
        let job = line.jobs.remove(at)?;
        if let Job::Write(record) = &job {
            line.writes -= 1;
            line.bytes -= record.weight();
        }
        Some(job)
    }

    /// Waits until something was queued since this was last waited for.
    pub(super) async fn filled(&self) {
        self.filled.notified().await;
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_for_one_of_its_key_holds_up_no_other() {
        let queue = Queue::default();
        let [busy, free] = [TierKey::of(b"a"), TierKey::of(b"b")];
        [busy, busy, free].into_iter().for_each(|key| queue.push(Job::Remove(key)));
        assert_eq!(queue.next(|key| key == busy).map(|job| job.key()), Some(free));
        assert!(queue.next(|key| key == busy).is_none());
        assert_eq!(queue.next(|_| false).map(|job| job.key()), Some(busy));
    }

    #[test]
    fn however_slow_a_server_is_what_waits_for_it_is_bounded() {
        let queue = Queue::default();
        let key = TierKey::of(b"a");
        (0..MOST_OTHERS + 10).for_each(|_| queue.push(Job::Remove(key)));
        assert_eq!(queue.line().jobs.len(), MOST_OTHERS);
        assert!(queue.next(|_| true).is_none());
        assert!(queue.next(|_| false).is_some());
        queue.push(Job::Remove(key));
        assert_eq!(queue.line().jobs.len(), MOST_OTHERS);
    }
}
