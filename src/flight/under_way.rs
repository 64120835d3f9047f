use std::{
    sync::{Arc, PoisonError},
    task::{Poll, Waker},
};

use super::{
    Leader, Turn,
    flights::Table,
    line::{HandOver, Line, Place},
};
use crate::sync::{Mutex, MutexGuard, OnceLock};

/// A flight.
///
/// There is always one of: a [`Leader`](super::Leader), a follower that is promoted, a value that it has landed with, or the
/// line is over. So whoever is in the line is woken, now or when the leader goes.
pub(super) struct UnderWay<K, T, B> {
    pub(super) key: K,
    pub(super) table: Arc<Table<K, T, B>>,
    /// Takes it out of the table; a pointer, as whoever is dropped knows nothing of how keys are hashed.
    end: fn(&Arc<Self>),
    landed: OnceLock<T>,
    line: Mutex<Line>,
    /// What the leader before has left for whoever leads next. While it waits here, there is a follower that is promoted.
    baton: Mutex<Option<B>>,
    spoiled: Mutex<bool>,
}

impl<K, T, B> UnderWay<K, T, B> {
    pub(super) fn new(key: K, table: Arc<Table<K, T, B>>, end: fn(&Arc<Self>)) -> Self {
        Self {
            key,
            table,
            end,
            landed: OnceLock::new(),
            line: Mutex::new(Line::default()),
            baton: Mutex::new(None),
            spoiled: Mutex::new(false),
        }
    }

    /// What it has landed with. Cloned by callers, as that may be slow or panic, and so must not happen under a lock.
    pub(super) fn landed(&self) -> Option<&T> {
        self.landed.get()
    }

    /// A place for one more follower; `None` if it is over.
    pub(super) fn board(&self) -> Option<u64> {
        self.line().board()
    }

    /// Whether it has ended without landing.
    pub(super) fn is_over(&self) -> bool {
        self.line().is_over()
    }

    /// What has become of a follower.
    pub(super) fn poll(self: &Arc<Self>, ticket: u64, waker: &Waker) -> Poll<Turn<K, T, B>>
    where
        T: Clone,
    {
        let mut line = self.line();
        // It lands before the line is emptied: who sees no value here is in the line by then.
        if let Some(landed) = self.landed() {
            drop(line);
            return Poll::Ready(Turn::Landed(landed.clone()));
        }
        let place = line.poll(ticket, waker);
        drop(line);
        match place {
            Place::Leads => Poll::Ready(Turn::Leads(Leader::new(Arc::clone(self)))),
            Place::Waits(_old_waker) => Poll::Pending,
        }
    }

    pub(super) fn leave(self: &Arc<Self>, ticket: u64) {
        let left = self.line().leave(ticket);
        if let Err(hand_over) = left {
            self.follow_up(hand_over);
        }
    }

    pub(super) fn hand_over(self: &Arc<Self>) {
        let hand_over = self.line().hand_over();
        self.follow_up(hand_over);
    }

    /// Nobody follows any more if nobody does now, which it returns. To be handed over then, as by whoever does not land.
    pub(super) fn ends_alone(&self) -> bool {
        self.line().close_if_empty()
    }

    fn follow_up(self: &Arc<Self>, hand_over: HandOver) {
        match hand_over {
            HandOver::Promoted(Some(waker)) => waker.wake(),
            // It sees when it is first polled that it leads.
            HandOver::Promoted(None) => {}
            HandOver::Over => {
                self.end();
                drop(self.take_baton());
            }
        }
    }

    /// To be done before it is [handed over](Self::hand_over).
    pub(super) fn leave_baton(&self, baton: B) {
        let _before = self.baton().replace(baton);
    }

    pub(super) fn take_baton(&self) -> Option<B> {
        self.baton().take()
    }

    pub(super) fn land(&self, value: T) {
        self.landed.get_or_init(|| value);
        let followers = self.line().disembark();
        followers.for_each(Waker::wake);
    }

    /// Whoever comes from now on begins another flight.
    pub(super) fn end(self: &Arc<Self>) {
        (self.end)(self);
    }

    /// Its result is not stored from now on, and whoever comes begins another flight.
    pub(super) fn write_off(self: &Arc<Self>) {
        // In this order: whoever does not find it any more may rely on its being spoiled, whoever did that.
        *self.spoiled() = true;
        self.end();
    }

    #[cfg(test)]
    pub(super) fn is_spoiled(&self) -> bool {
        *self.spoiled()
    }

    pub(super) fn unless_spoiled<R>(&self, store: impl FnOnce() -> R) -> Option<R> {
        let spoiled = self.spoiled();
        (!*spoiled).then(store)
    }

    pub(super) fn followers(&self) -> usize {
        self.line().len()
    }

    fn baton(&self) -> MutexGuard<'_, Option<B>> {
        // Nothing under this lock runs code of others.
        self.baton.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spoiled(&self) -> MutexGuard<'_, bool> {
        // A store that panics has not changed it.
        self.spoiled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        // Nothing under this lock runs code of others but the cloning of wakers, which changes nothing.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
