use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::Notify;

use super::log::Log;
use crate::cache::{
    Entry,
    purges::{Purge, Purges},
};

/// How far a process has come in the log of purges that all of them share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Which log: a random number that is made with it. 0 before any was seen.
    pub log: u64,
    /// The number of the last purge that was taken over from it. They count from 1.
    pub number: u64,
}

/// A purge of this process that others are to be told of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unsent {
    /// Counts those of this process.
    pub issue: u64,
    /// What is purged, in a form that is the same for the same: a log need keep only the last of each.
    pub purge: Bytes,
}

/// The purges of a store that several processes share: what this one has to tell the others, and what it was told.
///
/// Handles of the same are clones. See [`SecondTier::carry`](super::SecondTier::carry).
///
/// Every purge gets a number in a log, from 1 on without a gap. A record says how far its process had come in the log when it
/// was written; whatever was purged after that concerns it. So nobody needs to agree on the time of day, and a process that has
/// missed something knows that it has, by a number that is not the next.
#[derive(Clone)]
pub struct Purging(Arc<Inner>);

struct Inner {
    log: Mutex<Log>,
    /// What is stored in this process is judged by these.
    purges: Arc<Purges>,
    issued: Notify,
}

impl Purging {
    pub(crate) fn new(purges: &Arc<Purges>) -> Self {
        let (log, purges) = (Mutex::new(Log::default()), Arc::clone(purges));
        Self(Arc::new(Inner { log, purges, issued: Notify::new() }))
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is something to be sent: also if that was tried, and failed.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub async fn wait(&self) {
        while !self.log().has_unsent() {
            self.0.issued.notified().await;
        }
    }

    /// What is to be sent, the oldest first, some of it if there is much. It stays until it is [`sent`](Purging::sent).
    pub fn unsent(&self) -> Vec<Unsent> {
        self.log().unsent()
    }

    /// A purge of this process has this number in the log. Whether nothing is known to be missing before it; otherwise the log
    /// is to be [caught up](Purging::catch_up) with, unless what is missing comes soon.
    pub fn sent(&self, issue: u64, log: u64, number: u64) -> bool {
        self.log().sent(issue, Position { log, number })
    }

    /// How far this process has come.
    pub fn position(&self) -> Position {
        self.log().position()
    }

    /// Another process has purged this; not this one, which learns of its own by [`sent`](Purging::sent). Whether that was the
    /// next in the log, or known; otherwise what lies between must be [caught up](Purging::catch_up) with.
    ///
    /// What is not understood, as from a later version of this crate, is taken for a purge of everything.
    pub fn received(&self, log: u64, number: u64, purge: &[u8]) -> bool {
        self.log().received(Position { log, number }, purge, &self.0.purges)
    }

    /// What the log holds after the position that it was read from; all of it if that was in another log. Nothing is known of
    /// purges up to `floor`: whoever has not come so far purges everything, as does who knew another log. Reading from the tier
    /// is safe from now on. How many purges were new.
    ///
    /// What is told here may also be told by [`received`](Purging::received) and [`sent`](Purging::sent), before or after. But
    /// from when the [`position`](Purging::position) is taken to read the log from until this is called, nobody else may call
    /// it.
    pub fn catch_up(
        &self,
        position: Position,
        floor: u64,
        purges: impl IntoIterator<Item = (u64, Bytes)>,
    ) -> usize {
        self.log().catch_up(position, floor, purges, &self.0.purges)
    }

    /// Purges of others may be missed from now on: nothing is read from the tier until this process has caught up.
    pub fn lost(&self) {
        self.log().lose();
    }

    /// Whether no purge of others is known to be missing.
    pub(crate) fn is_current(&self) -> bool {
        self.log().is_current()
    }

    /// Purges something here, and soon elsewhere.
    pub(crate) fn issue(&self, purge: &Purge) {
        self.log().issue(purge, &self.0.purges);
        self.0.issued.notify_one();
    }

    /// Whether what was written at a position has outlived all purges that are known here.
    ///
    /// For a promoted response to be safe, its own `born` must be an epoch of this process's purges that was read before the
    /// tier was asked. Each purge is noted in the log and in those purges under one lock: either that is before this question,
    /// and the answer is no; or it is after, so that it has a later epoch, and concerns what was promoted.
    pub(crate) fn has_outlived(&self, entry: &Entry, written: Position) -> bool {
        self.log().has_outlived(entry, written)
    }

    /// The position to be written with a response of the service; `None` if it was purged, or another process could not know
    /// that it was not.
    ///
    /// It is that of now, and not that of when the request was sent: all purges up to it are among those by which the entry is
    /// judged here, where each counts only if it came after the request. So a purge by this process that came before the
    /// request, and has got its number since, does not concern what the request brought.
    pub(crate) fn born(&self, entry: &Entry) -> Option<Position> {
        self.log().born(entry, &self.0.purges)
    }
}

impl fmt::Debug for Purging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Purging").field("position", &self.position()).finish_non_exhaustive()
    }
}
