//! Who is next: pure decisions on who waits, under the gate's lock.

use std::task::{Poll, Waker};

use super::{entry::Ask, pace::Pace, terms::Terms};
use crate::{
    clock::Timestamp,
    concurrency::{
        Queue, Refusal,
        queue::{End, Lines},
    },
};

/// Whether a gate lets anyone in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::concurrency) enum Mode {
    Open,
    /// Whoever comes waits.
    Paused,
    /// Whoever comes is refused.
    Draining,
}

/// What is known under the lock.
#[derive(Debug)]
pub(super) struct LineUp {
    pub(super) mode: Mode,
    lines: Lines<Turn>,
    /// How many of each class are in. Nothing, where there are no classes.
    in_flight: Box<[usize]>,
    /// Since when the lines have not been empty.
    busy_since: Option<Timestamp>,
    pace: Pace,
    /// Those who wait for the last to leave.
    drainers: Vec<Waker>,
}

/// Where someone stands who waits.
#[derive(Debug)]
pub(super) enum Turn {
    Waits(Option<Waker>),
    /// It is in, as one of so many.
    Granted(u32),
    Refused(Refusal),
}

impl LineUp {
    pub(super) fn new(terms: &Terms) -> Self {
        let classes = terms.classes();
        Self {
            mode: Mode::Open,
            lines: Lines::new(classes),
            in_flight: if terms.priorities.is_some() {
                vec![0; classes].into()
            } else {
                Box::default()
            },
            busy_since: None,
            pace: Pace::default(),
            drainers: Vec::new(),
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.lines.waiting()
    }

    pub(super) fn came(&mut self, class: usize) {
        if let Some(in_flight) = self.in_flight.get_mut(class) {
            *in_flight += 1;
        }
    }

    pub(super) fn left(&mut self, class: usize) {
        if let Some(in_flight) = self.in_flight.get_mut(class) {
            *in_flight -= 1;
        }
    }

    /// Whether one more of a class may come where there is room and nobody may wait: not on a place that is kept for classes that
    /// are more critical.
    pub(super) fn may_borrow(
        &self,
        terms: &Terms,
        class: usize,
        in_flight: u32,
        limit: u32,
    ) -> bool {
        let own = |class| terms.guaranteed(class, limit as usize);
        let of = |class: usize| self.in_flight.get(class).copied().unwrap_or_default();
        if of(class) < own(class) {
            return true;
        }
        let kept: usize = (0..class).map(|class| own(class).saturating_sub(of(class))).sum();
        in_flight as usize + kept < limit as usize
    }

    /// Someone takes a place in line; who gives theirs up for it, if the room is full.
    pub(super) fn join(
        &mut self,
        terms: &Terms,
        queue: &Queue,
        ask: &Ask,
        limit: u32,
    ) -> Result<(usize, Option<Waker>), Refusal> {
        let &Ask { class, key, deadline, now } = ask;
        let overloaded = self.is_overloaded(now);
        if deadline.is_some_and(|deadline| self.is_too_late(class, deadline, now, overloaded)) {
            return Err(Refusal::Deadline);
        }
        let mut displaced = None;
        if self.lines.waiting() >= queue.capacity_at(limit) {
            let victim =
                self.whose_place(terms, queue, ask, limit, overloaded).ok_or(Refusal::Full)?;
            displaced = self.refuse(victim, Refusal::Displaced);
        }
        self.busy_since.get_or_insert(now);
        Ok((self.lines.join(class, key, now, Turn::Waits(None)), displaced))
    }

    /// Whether someone would come to their turn only after their deadline.
    fn is_too_late(
        &self,
        class: usize,
        deadline: Timestamp,
        now: Timestamp,
        overloaded: bool,
    ) -> bool {
        // Of those who are overtaken by whoever comes last nobody is in front of this one.
        let ahead: usize = if overloaded {
            0
        } else {
            (0..=class).map(|class| self.lines.waiting_of(class)).sum()
        };
        deadline <= now || self.pace.turn_behind(ahead, now).is_some_and(|turn| turn > deadline)
    }

    /// Whose place in a full room is for someone who comes.
    fn whose_place(
        &self,
        terms: &Terms,
        queue: &Queue,
        ask: &Ask,
        limit: u32,
        overloaded: bool,
    ) -> Option<usize> {
        // Whoever is served last anyway.
        let end = if overloaded { End::Oldest } else { End::Youngest };
        let capacity = queue.capacity_at(limit);
        let waiting = |class| self.lines.waiting_of(class);
        let exceeds = |class: &usize| waiting(*class) > terms.guaranteed(*class, capacity);
        // A class within its share takes a place from any that exceeds its own; one beyond it only from less critical ones.
        let within = waiting(ask.class) < terms.guaranteed(ask.class, capacity);
        let all = 0..terms.classes();
        let mut others =
            all.rev().filter(|class| *class > ask.class || (within && *class != ask.class));
        if let Some(class) = others.find(exceeds) {
            return self.lines.longest(class, end).map(|(_, at)| at);
        }
        let own = self.lines.len(ask.class, ask.key);
        match self.lines.longest(ask.class, end) {
            Some((len, at)) if len > own => Some(at),
            // Of its own line too, whoever comes last is served first.
            _ if overloaded => self.lines.oldest_of(ask.class, ask.key),
            _ => None,
        }
    }

    /// Someone who waits will not come to their turn.
    pub(super) fn refuse(&mut self, at: usize, refusal: Refusal) -> Option<Waker> {
        self.lines.leave(at);
        self.settle(at, Turn::Refused(refusal))
    }

    /// Whoever has waited too long by now in an overloaded room.
    pub(super) fn overdue(&self, queue: &Queue, now: Timestamp) -> Option<usize> {
        let (oldest, since) = self.lines.oldest()?;
        let waited = now.saturating_since(since);
        (waited > queue.overload_wait() && self.is_overloaded(now)).then_some(oldest)
    }

    /// The class that a free place is for, of those that wait.
    pub(super) fn next_class(&self, terms: &Terms, limit: u32) -> usize {
        let waits = |class: &usize| self.lines.waiting_of(*class) > 0;
        let has_less = |class: &usize| {
            let in_flight = self.in_flight.get(*class).copied().unwrap_or_default();
            in_flight < terms.guaranteed(*class, limit as usize)
        };
        let mut classes = 0..self.in_flight.len();
        let entitled = classes.clone().find(|class| waits(class) && has_less(class));
        entitled.or_else(|| classes.find(waits)).unwrap_or_default()
    }

    /// Whoever is next in a class is in, as one of so many.
    pub(super) fn grant(&mut self, class: usize, in_flight: u32, now: Timestamp) -> Option<Waker> {
        let end = if self.is_overloaded(now) { End::Youngest } else { End::Oldest };
        let next = self.lines.next(class, end)?;
        self.came(class);
        self.pace.turn(now);
        self.settle(next, Turn::Granted(in_flight))
    }

    /// Nobody waits any more.
    pub(super) fn emptied(&mut self) {
        self.busy_since = None;
        self.pace.rest();
    }

    /// Someone who waits asks whether it is their turn; if so, they are taken out. The waker that they have no more use for is
    /// given back, since to drop it may run anything.
    pub(super) fn poll(
        &mut self,
        at: usize,
        waker: &Waker,
    ) -> (Poll<Result<u32, Refusal>>, Option<Waker>) {
        match self.lines.value_mut(at) {
            Turn::Waits(Some(last)) if last.will_wake(waker) => (Poll::Pending, None),
            Turn::Waits(last) => (Poll::Pending, last.replace(waker.clone())),
            Turn::Granted(in_flight) => {
                let granted = Ok(*in_flight);
                self.lines.forget(at);
                (Poll::Ready(granted), None)
            }
            Turn::Refused(refusal) => {
                let refused = Err(*refusal);
                self.lines.forget(at);
                (Poll::Ready(refused), None)
            }
        }
    }

    /// Someone does not wait any more.
    pub(super) fn forget(&mut self, at: usize) -> Turn {
        self.lines.forget(at)
    }

    pub(super) fn is_waiting(&mut self, at: usize) -> bool {
        matches!(self.lines.value_mut(at), Turn::Waits(_))
    }

    /// Whoever has waited longest.
    pub(super) fn oldest(&self) -> Option<usize> {
        self.lines.oldest().map(|(at, _)| at)
    }

    pub(super) fn wake_when_drained(&mut self, waker: &Waker) {
        if !self.drainers.iter().any(|known| known.will_wake(waker)) {
            self.drainers.push(waker.clone());
        }
    }

    /// One of those who wait for the last to leave.
    pub(super) fn next_drainer(&mut self) -> Option<Waker> {
        self.drainers.pop()
    }

    fn is_overloaded(&self, now: Timestamp) -> bool {
        self.busy_since.is_some_and(|since| Queue::is_overloaded(now.saturating_since(since)))
    }

    fn settle(&mut self, at: usize, turn: Turn) -> Option<Waker> {
        match std::mem::replace(self.lines.value_mut(at), turn) {
            Turn::Waits(waker) => waker,
            Turn::Granted(_) | Turn::Refused(_) => None,
        }
    }
}
