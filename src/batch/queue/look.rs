use std::{hash::Hash, task::Waker, time::Duration};

use super::{
    item::{Item, Waiting},
    state::{Bounds, Looker, Queue, Rouse},
};
use crate::{
    batch::{Cause, contained::contained},
    clock::Timestamp,
};

/// What the runner that looks is to do.
pub(in super::super) enum Look<Req, K> {
    /// Send this.
    Send(Taken<Req, K>),
    /// Look again at this time, or if woken.
    Wait(Timestamp),
    /// There is nothing to wait for: it is no runner any more.
    End,
}

/// A batch that leaves.
pub(in super::super) struct Taken<Req, K> {
    /// How many batches have left, this one included.
    pub(in super::super) number: u64,
    /// If it could be cloned, which it is if more of the partition waits.
    pub(in super::super) key: Result<K, Cause>,
    pub(in super::super) requests: Vec<Req>,
    /// Who waits for each of them.
    pub(in super::super) waiters: Vec<Waiting>,
    pub(in super::super) weight: u64,
    /// How long the first of them has waited.
    pub(in super::super) lingered: Duration,
    /// When it left.
    pub(in super::super) at: Timestamp,
    pub(in super::super) flush: Flush,
    /// What has to be done about what waits still.
    pub(in super::super) rouse: Rouse,
}

/// Why a batch left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Flush {
    Full,
    /// The next item would have been too heavy, or nothing but a weightless one would fit.
    Weight,
    Linger,
    /// Nothing more is taken in.
    Shutdown,
}

/// How many partitions are asked about at once: their times may all have been put off since they were told.
const ASKED: usize = 4;

impl<Req, Ans, K: Clone + Eq + Hash> Queue<Req, Ans, K> {
    /// What the runner that looks is to do, if what is due by `horizon` may leave. If it is to wait, `waker` wakes it.
    pub(in super::super) fn look(
        &mut self,
        now: Timestamp,
        horizon: Timestamp,
        waker: &Waker,
    ) -> Look<Req, K> {
        for _ in 0..ASKED {
            let Some((_, at)) = self.partitions.first() else {
                self.looker = Looker::None;
                return Look::End;
            };
            // Calls may have ended since it was asked.
            let load = self.partitions.get(at).load;
            let since = self.since(at);
            let due = self.due(load, since, 0, now);
            if due <= horizon {
                return Look::Send(self.take(at, now));
            }
            self.partitions.set_due(at, due);
        }
        let until = self.partitions.first().map_or(horizon, |(due, _)| due);
        self.looker = Looker::Asleep(until, waker.clone());
        Look::Wait(until)
    }

    /// Whether the runner that looks is to wait for its service to be ready; if so, `waker` wakes it should nothing wait any
    /// more.
    pub(in super::super) fn waits_for_readiness(&mut self, waker: &Waker) -> bool {
        let waits = !self.items.is_empty();
        self.looker = if waits { Looker::Readies(waker.clone()) } else { Looker::None };
        waits
    }

    /// Whether what is due first leaves without anything that could still come to it.
    pub(in super::super) fn is_first_full(&self) -> bool {
        let first = self.partitions.first();
        first.is_some_and(|(_, at)| self.is_full(&self.partitions.get(at).load))
    }

    /// What is due first, whether it is or not: for a runner that cannot make a call, and has to tell somebody.
    pub(in super::super) fn take_first(&mut self, now: Timestamp) -> Option<Taken<Req, K>> {
        let first = self.partitions.first();
        if first.is_none() {
            self.looker = Looker::None;
        }
        first.map(|(_, at)| self.take(at, now))
    }

    /// Takes a batch out; the runner that looked is in a call from now on.
    fn take(&mut self, at: usize, now: Timestamp) -> Taken<Req, K> {
        let Bounds { max_size, max_weight, .. } = self.bounds;
        let lingered = now.saturating_since(self.since(at));
        let size = self.partitions.get(at).load.items.min(max_size);
        let (mut requests, mut waiters) = (Vec::with_capacity(size), Vec::with_capacity(size));
        let mut weight = 0_u64;
        let mut flush = if self.closed { Flush::Shutdown } else { Flush::Linger };
        let mut key = None;
        while key.is_none() {
            if requests.len() == max_size {
                flush = Flush::Full;
                break;
            }
            let Some(first) = self.partitions.get(at).items.first() else { break };
            let heavier = weight.checked_add(self.items[first].weight);
            let Some(heavier) = heavier.filter(|heavier| *heavier <= max_weight) else {
                flush = Flush::Weight;
                break;
            };
            weight = heavier;
            let (item, closed) = self.remove(first);
            key = closed;
            let Item { request, waiters: waiting, .. } = item;
            waiting.iter().for_each(|waiter| self.waiters.send(*waiter));
            requests.push(request);
            waiters.push(waiting);
        }
        if requests.len() == max_size {
            flush = Flush::Full;
        } else if weight == max_weight {
            flush = Flush::Weight;
        }
        self.running += 1;
        self.linger.sent(requests.len(), now);
        self.looker = Looker::None;
        let key = key.map(Ok).unwrap_or_else(|| {
            self.settle(at, now);
            contained(|| self.partitions.get(at).key.clone())
        });
        self.counts.batches += 1;
        let (number, rouse) = (self.counts.batches, self.rouse());
        Taken { number, key, requests, waiters, weight, lingered, at: now, flush, rouse }
    }

    /// Says anew when a partition is due, after a batch of it has left.
    fn settle(&mut self, at: usize, now: Timestamp) {
        let mut load = self.partitions.get(at).load;
        if load.deadline.is_some() {
            let mut next = self.partitions.get(at).items.first();
            load.deadline = None;
            while let Some(item) = next {
                load.deadline = load.deadline.into_iter().chain(self.items[item].deadline).min();
                next = self.items[item].link.after();
            }
            self.partitions.get_mut(at).load = load;
        }
        let since = self.since(at);
        let due = self.due(load, since, 0, now);
        self.partitions.line_up(at, due);
    }

    /// A call for a batch of `size` has ended. The runner looks from now on, or if another does already, is none any more.
    pub(in super::super) fn end_call(
        &mut self,
        size: usize,
        took: Duration,
        failed: bool,
    ) -> Ended {
        self.running -= 1;
        self.learn(size, (!failed).then_some(took));
        let idlers = self.idlers();
        if let Looker::None = self.looker {
            self.looker = Looker::Awake;
            return Ended { goes_on: true, rouse: Rouse::Nothing, idlers };
        }
        Ended { goes_on: false, rouse: self.wake_looker(), idlers }
    }

    /// Learns from a call for so many items, which has failed if it is not told how long it took.
    fn learn(&mut self, size: usize, took: Option<Duration>) {
        match took {
            Some(took) => self.linger.ended(size, took),
            None => {
                self.linger.failed(size);
                self.counts.failed_batches += 1;
            }
        }
    }

    /// The runner that looked is gone, as when its runtime ends. What wakes those who wait: the next that is polled finds
    /// another runner.
    pub(in super::super) fn lose_looker(&mut self) -> Vec<Waker> {
        self.looker = Looker::None;
        self.waiters.wakers()
    }

    /// As [`end_call`](Self::end_call), for a runner that is gone.
    pub(in super::super) fn lose_call(&mut self, size: usize) -> Vec<Waker> {
        self.running -= 1;
        self.learn(size, None);
        let mut wakers = self.idlers();
        wakers.extend(self.waiters.wakers());
        wakers
    }
}

/// What follows the end of a call.
pub(in super::super) struct Ended {
    /// Whether the runner looks now.
    pub(in super::super) goes_on: bool,
    pub(in super::super) rouse: Rouse,
    /// To be woken.
    pub(in super::super) idlers: Vec<Waker>,
}
