use std::{
    collections::HashMap,
    hash::Hash,
    task::{Poll, Waker},
    time::Duration,
};

use slab::Slab;
use smallvec::smallvec;

use super::{
    Entry, Flush,
    item::Item,
    partitions::{Load, Partitions, earlier},
    patience::Patience,
    waiters::{Given, Parting, Waiters},
};
use crate::{
    batch::{Forming, Linger, Refusal},
    clock::Timestamp,
};

/// All that waits, and what is under way.
pub(in super::super) struct Queue<Req, Ans, K> {
    pub(super) bounds: Bounds,
    pub(super) linger: Patience,
    pub(super) items: Slab<Item<Req>>,
    pub(super) waiters: Waiters<Ans>,
    pub(super) partitions: Partitions<K>,
    /// The items that others may turn out to be the same as.
    pub(super) same: HashMap<(usize, u128), usize>,
    pub(super) looker: Looker,
    /// Calls under way.
    pub(super) running: usize,
    pub(super) closed: bool,
    /// To be woken when nothing waits or is under way.
    idlers: Vec<Waker>,
    pub(super) counts: Counts,
}

/// What a queue holds at most.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Bounds {
    pub(in super::super) max_size: usize,
    pub(in super::super) max_weight: u64,
    pub(in super::super) max_in_flight: usize,
    pub(in super::super) max_waiting: usize,
    pub(in super::super) max_partitions: usize,
}

/// The runner that waits for the next batch.
#[derive(Debug)]
pub(super) enum Looker {
    /// All runners are in calls, or there are none.
    None,
    /// It is about to look.
    Awake,
    /// It looks when its service is ready.
    Readies(Waker),
    /// It looks again at this time, or if it is woken.
    Asleep(Timestamp, Waker),
}

/// What has to be done so that a batch that may leave is seen.
#[derive(Debug)]
#[must_use = "a batch may be waiting that nobody looks at"]
pub(in super::super) enum Rouse {
    Nothing,
    /// A runner is to be spawned. It counts as spawned already.
    Spawn,
    Wake(Waker),
}

/// How many of what there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Counts {
    pub(in super::super) items: u64,
    pub(in super::super) duplicates: u64,
    pub(in super::super) abandoned: u64,
    pub(in super::super) refused: u64,
    pub(in super::super) batches: u64,
    pub(in super::super) failed_batches: u64,
}

impl<Req, Ans, K: Clone + Eq + Hash> Queue<Req, Ans, K> {
    pub(in super::super) fn new(bounds: Bounds, linger: Box<dyn Linger>) -> Self {
        Self {
            bounds,
            linger: Patience::new(linger),
            items: Slab::new(),
            waiters: Waiters::new(),
            partitions: Partitions::new(),
            same: HashMap::new(),
            looker: Looker::None,
            running: 0,
            closed: false,
            idlers: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// Takes an item in, whose waiter is woken by `waker`: the waiter's number, and what has to be done. Also what of the entry
    /// is not needed, to be dropped outside of the lock.
    ///
    /// If the comparison of keys panics, which is the user's, nothing has changed.
    pub(in super::super) fn enter(
        &mut self,
        entry: Entry<Req, K>,
        now: Timestamp,
        waker: Waker,
    ) -> (Result<(usize, Rouse), Refusal>, Remains<Req, K>) {
        let hash = self.partitions.hash(&entry.key);
        let open = self.partitions.find(hash, &entry.key);
        if let Err(refusal) = self.has_room(&entry, open.is_some()) {
            self.counts.refused += 1;
            return (Err(refusal), (Some(entry.request), Some(entry.key)));
        }
        if let (Some(at), Some(same)) = (open, entry.same)
            && let Some(&item) = self.same.get(&(at, same))
        {
            let joined = self.join(item, entry.deadline, now, waker);
            return (Ok(joined), (Some(entry.request), Some(entry.key)));
        }
        self.linger.arrived(now);
        let load = open.map_or_else(Load::default, |at| self.partitions.get(at).load);
        let load = load.with(entry.weight, entry.deadline);
        let since = open.map_or(now, |at| self.since(at));
        let due = self.due(load, since, usize::from(open.is_none()), now);
        let (at, key) = match open {
            Some(at) => (self.partitions.reconsider(at, due, now), Some(entry.key)),
            None => (self.partitions.open(hash, entry.key, due), None),
        };
        self.counts.items += 1;
        let item = self.items.vacant_key();
        let waiter = self.waiters.add(item, waker);
        self.items.insert(Item {
            request: entry.request,
            weight: entry.weight,
            same: entry.same,
            deadline: entry.deadline,
            since: now,
            partition: at,
            waiters: smallvec![waiter],
            link: Default::default(),
        });
        let partition = self.partitions.get_mut(at);
        partition.load = load;
        partition.items.push_back(&mut self.items, |item| &mut item.link, item);
        if let Some(same) = entry.same {
            self.same.insert((at, same), item);
        }
        (Ok((waiter, self.rouse())), (None, key))
    }

    /// Waits for an item that is the same as one that waits.
    fn join(
        &mut self,
        item: usize,
        deadline: Option<Timestamp>,
        now: Timestamp,
        waker: Waker,
    ) -> (usize, Rouse) {
        self.counts.items += 1;
        self.counts.duplicates += 1;
        let waiter = self.waiters.add(item, waker);
        let place = &mut self.items[item];
        place.waiters.push(waiter);
        if deadline.is_none() {
            return (waiter, Rouse::Nothing);
        }
        let at = place.partition;
        place.deadline = earlier(place.deadline, deadline);
        let load = &mut self.partitions.get_mut(at).load;
        load.deadline = earlier(load.deadline, deadline);
        let (load, since) = (*load, self.since(at));
        let due = self.due(load, since, 0, now);
        self.partitions.reconsider(at, due, now);
        (waiter, self.rouse())
    }

    fn has_room(&mut self, entry: &Entry<Req, K>, is_open: bool) -> Result<(), Refusal> {
        if self.closed {
            return Err(Refusal::Closed);
        }
        if entry.weight > self.bounds.max_weight {
            return Err(Refusal::TooHeavy { weight: entry.weight, max: self.bounds.max_weight });
        }
        let partitions_are_full = !is_open && self.partitions.len() >= self.bounds.max_partitions;
        if self.waiters.queued() >= self.bounds.max_waiting || partitions_are_full {
            return Err(Refusal::Full { retry_after: self.backlog() });
        }
        Ok(())
    }

    /// How long it presumably takes until what waits now has been answered.
    fn backlog(&mut self) -> Duration {
        let Bounds { max_size, max_in_flight, .. } = self.bounds;
        let batches = self.items.len().div_ceil(max_size) + self.running;
        let rounds = u32::try_from(batches.div_ceil(max_in_flight)).unwrap_or(u32::MAX);
        self.linger.takes(max_size).unwrap_or_default().saturating_mul(rounds)
    }

    /// When the first item of a partition came.
    pub(super) fn since(&self, partition: usize) -> Timestamp {
        let first = self.partitions.get(partition).items.first();
        first.map_or_else(Timestamp::default, |first| self.items[first].since)
    }

    /// When a partition with this load is due; `more` partitions are about to be opened.
    pub(super) fn due(
        &mut self,
        load: Load,
        since: Timestamp,
        more: usize,
        now: Timestamp,
    ) -> Timestamp {
        if since <= load.flushed || self.closed || self.is_full(&load) {
            return now;
        }
        let idle = self.bounds.max_in_flight.saturating_sub(self.running);
        if idle == 0 {
            // It is asked about when a call ends.
            return now;
        }
        let partitions = self.partitions.len() + more;
        let max_size = self.bounds.max_size;
        let forming = Forming { size: load.items, max_size, since, idle, partitions };
        // No sooner than now, or those that say so would always come before all others.
        self.linger.until(&forming, load.deadline, now).max(now)
    }

    /// Whether a batch of all that could not take another item.
    pub(super) fn is_full(&self, load: &Load) -> bool {
        load.items >= self.bounds.max_size || load.weight >= self.bounds.max_weight.into()
    }

    /// Sees to it that somebody looks at what is due first, if a call could be made.
    pub(super) fn rouse(&mut self) -> Rouse {
        // Nothing waits: whoever looks is to see that, and let go of the service.
        let Some((due, _)) = self.partitions.first() else { return self.wake_looker() };
        match &self.looker {
            Looker::None if self.running < self.bounds.max_in_flight => {
                self.looker = Looker::Awake;
                Rouse::Spawn
            }
            Looker::Asleep(until, _) if due < *until => self.wake_looker(),
            _ => Rouse::Nothing,
        }
    }

    /// Lets the one who looks do so anew, if it sleeps.
    pub(super) fn wake_looker(&mut self) -> Rouse {
        match std::mem::replace(&mut self.looker, Looker::Awake) {
            Looker::Asleep(_, waker) | Looker::Readies(waker) => Rouse::Wake(waker),
            before => {
                self.looker = before;
                Rouse::Nothing
            }
        }
    }

    /// The answer of a waiter, if it is there; otherwise it will be woken by `waker`. Also what has to be done: whoever waits
    /// looks after it that there is a runner, as the one that was there may be gone with its runtime.
    ///
    /// Last the waker that was there before, to be dropped outside of the lock.
    pub(in super::super) fn poll(
        &mut self,
        waiter: usize,
        waker: &Waker,
    ) -> (Poll<Ans>, Rouse, Option<Waker>) {
        let (answer, before) = self.waiters.poll(waiter, waker);
        let rouse = if answer.is_pending() { self.rouse() } else { Rouse::Nothing };
        (answer, rouse, before)
    }

    /// Whoever waited does so no more. What it leaves behind is to be dropped outside of the lock.
    pub(in super::super) fn leave(&mut self, waiter: usize) -> Abandoned<Req, Ans, K> {
        let (item, waker) = match self.waiters.leave(waiter) {
            Parting::Item(item, waker) => (item, waker),
            Parting::Sent(waker) => return Abandoned::not_queued(None, waker),
            Parting::Answer(answer) => return Abandoned::not_queued(Some(answer), None),
        };
        self.counts.abandoned += 1;
        let waiters = &mut self.items[item].waiters;
        waiters.retain(|other| *other != waiter);
        let item = waiters.is_empty().then(|| self.remove(item));
        let mut wakers = self.idlers();
        if self.items.is_empty()
            && let Rouse::Wake(looker) = self.wake_looker()
        {
            wakers.push(looker);
        }
        Abandoned { was_queued: true, wakers, remains: (item, None, waker) }
    }

    /// As [`leave`](Self::leave), for one for whose item a runner was to be spawned, which cannot be: others that wait may find
    /// one.
    pub(in super::super) fn turn_away(&mut self, waiter: usize) -> Abandoned<Req, Ans, K> {
        let mut left = self.leave(waiter);
        left.wakers.extend(self.lose_looker());
        self.counts.items -= 1;
        self.counts.abandoned -= 1;
        self.counts.refused += 1;
        left
    }

    /// Takes an item out, and its partition if it was the last; then also its key.
    pub(super) fn remove(&mut self, item: usize) -> Removed<Req, K> {
        let at = self.items[item].partition;
        let partition = self.partitions.get_mut(at);
        partition.items.remove(&mut self.items, |item| &mut item.link, item);
        let item = self.items.remove(item);
        partition.load = partition.load.without(item.weight);
        let is_empty = partition.load.items == 0;
        if let Some(same) = item.same {
            self.same.remove(&(at, same));
        }
        (item, is_empty.then(|| self.partitions.close(at)))
    }

    /// What is to be woken if nothing waits or is under way.
    pub(super) fn idlers(&mut self) -> Vec<Waker> {
        if self.is_idle() { std::mem::take(&mut self.idlers) } else { Vec::new() }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.running == 0 && self.items.is_empty()
    }

    pub(in super::super) fn poll_idle(&mut self, waker: &Waker) -> Poll<()> {
        if self.is_idle() {
            return Poll::Ready(());
        }
        if !self.idlers.iter().any(|idler| idler.will_wake(waker)) {
            self.idlers.push(waker.clone());
        }
        Poll::Pending
    }

    /// Waits for nothing more; takes nothing more, if it is for good.
    pub(in super::super) fn flush(&mut self, flush: Flush, now: Timestamp) -> Rouse {
        self.closed |= flush == Flush::Shutdown;
        self.partitions.flush(now);
        self.rouse()
    }

    /// Gives an answer to a waiter.
    pub(in super::super) fn answer(&mut self, waiter: usize, answer: Ans) -> Given<Ans> {
        self.waiters.answer(waiter, answer)
    }

    pub(in super::super) fn waiting(&self) -> usize {
        self.waiters.queued()
    }

    pub(in super::super) fn running(&self) -> usize {
        self.running
    }

    pub(in super::super) fn counts(&self) -> Counts {
        self.counts
    }
}

/// What of an entry is not needed: its item, and its key.
pub(super) type Remains<Req, K> = (Option<Req>, Option<K>);

/// What one who leaves has left behind.
pub(in super::super) struct Abandoned<Req, Ans, K> {
    /// Whether its item had not been sent.
    pub(in super::super) was_queued: bool,
    /// To be woken.
    pub(in super::super) wakers: Vec<Waker>,
    #[expect(dead_code, reason = "it is to be dropped where no lock is held")]
    remains: (Option<Removed<Req, K>>, Option<Ans>, Option<Waker>),
}

/// An item that was taken out, and the key of its partition if it was the last.
pub(super) type Removed<Req, K> = (Item<Req>, Option<K>);

impl<Req, Ans, K> Abandoned<Req, Ans, K> {
    fn not_queued(answer: Option<Ans>, waker: Option<Waker>) -> Self {
        Self { was_queued: false, wakers: Vec::new(), remains: (None, answer, waker) }
    }
}
