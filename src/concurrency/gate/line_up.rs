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
    mode: Mode,
    lines: Lines<Turn>,
    /// How many of each class are in. Nothing, where there are no classes.
    in_flight: Box<[usize]>,
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
            pace: Pace::default(),
            drainers: Vec::new(),
        }
    }

    pub(super) fn mode(&self) -> Mode {
        self.mode
    }

    pub(super) fn set_mode(&mut self, mode: Mode, now: Timestamp) {
        // That they waited while none was let in says nothing of the load.
        if self.mode != Mode::Open && mode == Mode::Open {
            self.lines.begin_anew(now);
            self.pace.rest();
        }
        self.mode = mode;
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

    /// Whether one more of a class may come where there is room and nobody may wait: not on a place that is kept for classes
    /// that are more critical.
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
        if deadline.is_some_and(|deadline| {
            let ahead = self.ahead_of(terms, ask, limit);
            deadline <= now || self.pace.turn_behind(ahead, now).is_some_and(|turn| turn > deadline)
        }) {
            return Err(Refusal::Deadline);
        }
        let mut displaced = None;
        if self.lines.waiting() >= queue.capacity_at(limit) {
            let victim = self.whose_place(terms, queue, ask, limit).ok_or(Refusal::Full)?;
            displaced = self.refuse(victim, Refusal::Displaced);
        }
        Ok((self.lines.join(class, key, now, Turn::Waits(None)), displaced))
    }

    /// How many come to their turn before someone who comes now, at most, of those who wait.
    fn ahead_of(&self, terms: &Terms, ask: &Ask, limit: u32) -> usize {
        let &Ask { class, key, now, .. } = ask;
        // In an overloaded class it is the last of its line who comes first.
        let own = if self.is_overloaded(class, now) { 0 } else { self.lines.len(class, key) };
        // The lines take turns: none of the others gets more of them meanwhile than there are in its own, and one.
        let others = self.lines.lines_of(class) - usize::from(self.lines.len(class, key) > 0);
        let in_class = self.lines.waiting_of(class).min(own + others * (own + 1));
        let more_critical: usize = (0..class).map(|class| self.lines.waiting_of(class)).sum();
        let ahead = in_class + more_critical;
        // A class with a share gets that many turns, however many others wait.
        match terms.guaranteed(class, limit as usize) {
            0 => ahead,
            share => ahead.min((in_class + 1) * limit as usize / share),
        }
    }

    /// Whose place in a full room is for someone who comes.
    fn whose_place(&self, terms: &Terms, queue: &Queue, ask: &Ask, limit: u32) -> Option<usize> {
        let overloaded = |class| self.is_overloaded(class, ask.now);
        // Whoever is served last anyway.
        let last = |class| if overloaded(class) { End::Oldest } else { End::Youngest };
        let capacity = queue.capacity_at(limit);
        let waiting = |class| self.lines.waiting_of(class);
        let exceeds = |class: &usize| waiting(*class) > terms.guaranteed(*class, capacity);
        // A class within its share takes a place from any that exceeds its own; one beyond it only from less critical ones.
        let within = waiting(ask.class) < terms.guaranteed(ask.class, capacity);
        let all = 0..terms.classes();
        let mut others =
            all.rev().filter(|class| *class > ask.class || (within && *class != ask.class));
        if let Some(class) = others.find(exceeds) {
            return self.lines.longest(class, last(class)).map(|(_, at)| at);
        }
        let own = self.lines.len(ask.class, ask.key);
        let overloaded = overloaded(ask.class);
        match self.lines.longest(ask.class, last(ask.class)) {
            // Not of a line that would be the shorter then. If whoever comes last is served first, of any that is not shorter.
            Some((len, at)) if len > own + usize::from(!overloaded) => Some(at),
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

    /// Whoever has waited too long by now in an overloaded class, and is not the last of all.
    pub(super) fn overdue(&self, queue: &Queue, now: Timestamp) -> Option<usize> {
        let overdue = |class| {
            let (oldest, since) = self.lines.oldest(class)?;
            let waited = now.saturating_since(since);
            (waited >= queue.overload_wait() && self.is_overloaded(class, now)).then_some(oldest)
        };
        (self.waiting() > 1).then(|| (0..self.lines.classes()).rev().find_map(overdue))?
    }

    /// When whoever of a class has just joined will be overdue, if that class does not empty before.
    pub(super) fn patience(
        &self,
        queue: &Queue,
        class: usize,
        now: Timestamp,
    ) -> Option<Timestamp> {
        queue.patience(now, self.lines.busy_since(class).unwrap_or(now))
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
        let end = if self.is_overloaded(class, now) { End::Youngest } else { End::Oldest };
        let next = self.lines.next(class, end)?;
        self.came(class);
        self.pace.turn(now);
        self.settle(next, Turn::Granted(in_flight))
    }

    /// Nobody waits any more.
    pub(super) fn emptied(&mut self) {
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

    /// Someone who waits is not to be woken until they ask again.
    pub(super) fn mute(&mut self, at: usize) -> Option<Waker> {
        match self.lines.value_mut(at) {
            Turn::Waits(waker) => waker.take(),
            Turn::Granted(_) | Turn::Refused(_) => None,
        }
    }

    /// Someone does not wait any more.
    pub(super) fn forget(&mut self, at: usize) -> Turn {
        self.lines.forget(at)
    }

    pub(super) fn is_waiting(&mut self, at: usize) -> bool {
        matches!(self.lines.value_mut(at), Turn::Waits(_))
    }

    /// Whoever has waited longest, of the most critical class that waits.
    pub(super) fn oldest(&self) -> Option<usize> {
        (0..self.lines.classes()).find_map(|class| self.lines.oldest(class)).map(|(at, _)| at)
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

    /// Whether more of a class wait than it gets done. That the others do is no fault of its own.
    fn is_overloaded(&self, class: usize, now: Timestamp) -> bool {
        let since = self.lines.busy_since(class).filter(|_| self.mode == Mode::Open);
        since.is_some_and(|since| Queue::is_overloaded(now.saturating_since(since)))
    }

    fn settle(&mut self, at: usize, turn: Turn) -> Option<Waker> {
        match std::mem::replace(self.lines.value_mut(at), turn) {
            Turn::Waits(waker) => waker,
            Turn::Granted(_) | Turn::Refused(_) => None,
        }
    }
}
