use std::task::{Poll, Waker};

use slab::Slab;

/// Those who wait for answers, each at a number of its own until it has had its answer or has left.
pub(super) struct Waiters<Ans> {
    waiters: Slab<Waiter<Ans>>,
    /// How many of them have items that were not sent yet.
    queued: usize,
}

struct Waiter<Ans> {
    /// `None` once there is nothing more to wait for.
    waker: Option<Waker>,
    stage: Stage<Ans>,
}

enum Stage<Ans> {
    /// This item of its waits to be sent.
    Queued(usize),
    Sent,
    /// It has left after its item was sent: the answer will be for nobody.
    Left,
    Answered(Ans),
}

/// What is to be done after an answer was given, outside of the lock.
#[must_use = "it is a waiter to be woken, or a value of the user's to be dropped"]
pub(in super::super) enum Given<Ans> {
    Wake(Option<Waker>),
    /// Whoever wanted it has left.
    Unwanted(Ans),
}

/// What one who leaves has left behind.
pub(super) enum Parting<Ans> {
    /// An item that waits to be sent.
    Item(usize, Option<Waker>),
    /// An item that was sent.
    Sent(Option<Waker>),
    Answer(Ans),
}

impl<Ans> Waiters<Ans> {
    pub(super) const fn new() -> Self {
        Self { waiters: Slab::new(), queued: 0 }
    }

    /// How many have items that were not sent yet.
    pub(super) const fn queued(&self) -> usize {
        self.queued
    }

    pub(super) fn add(&mut self, item: usize, waker: Waker) -> usize {
        self.queued += 1;
        self.waiters.insert(Waiter { waker: Some(waker), stage: Stage::Queued(item) })
    }

    /// Its item is being sent.
    pub(super) fn send(&mut self, waiter: usize) {
        self.waiters[waiter].stage = Stage::Sent;
        self.queued -= 1;
    }

    /// Its answer is there.
    pub(super) fn answer(&mut self, waiter: usize, answer: Ans) -> Given<Ans> {
        let place = &mut self.waiters[waiter];
        if let Stage::Left = place.stage {
            self.waiters.remove(waiter);
            return Given::Unwanted(answer);
        }
        place.stage = Stage::Answered(answer);
        Given::Wake(place.waker.take())
    }

    /// Its answer, and then the number is free; if there is none yet it will be woken by `waker`. Also what would have woken
    /// it.
    pub(super) fn poll(&mut self, waiter: usize, waker: &Waker) -> (Poll<Ans>, Option<Waker>) {
        let place = &mut self.waiters[waiter];
        if let Stage::Answered(_) = place.stage
            && let Stage::Answered(answer) = self.waiters.remove(waiter).stage
        {
            return (Poll::Ready(answer), None);
        }
        let place = &mut self.waiters[waiter];
        let before = match &mut place.waker {
            Some(old) if old.will_wake(waker) => None,
            old => old.replace(waker.clone()),
        };
        (Poll::Pending, before)
    }

    pub(super) fn leave(&mut self, waiter: usize) -> Parting<Ans> {
        let place = &mut self.waiters[waiter];
        if let Stage::Sent = place.stage {
            place.stage = Stage::Left;
            return Parting::Sent(place.waker.take());
        }
        let Waiter { waker, stage } = self.waiters.remove(waiter);
        match stage {
            Stage::Queued(item) => {
                self.queued -= 1;
                Parting::Item(item, waker)
            }
            Stage::Answered(answer) => Parting::Answer(answer),
            Stage::Sent | Stage::Left => Parting::Sent(waker),
        }
    }

    /// What wakes those whose items were not sent yet.
    pub(super) fn wakers(&self) -> Vec<Waker> {
        let queued =
            self.waiters.iter().filter(|(_, waiter)| matches!(waiter.stage, Stage::Queued(_)));
        queued.filter_map(|(_, waiter)| waiter.waker.clone()).collect()
    }
}
