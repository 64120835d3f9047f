use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    time::{Sleep, sleep},
};

use super::{Ask, Gate, Permit, line_up::Turn};
use crate::{clock::Timestamp, concurrency::Refusal};

/// Someone who stands in line. Dropping it leaves the line; if it had come to its turn already, the next has.
pub(in crate::concurrency) struct Waiter {
    gate: Arc<Gate>,
    at: usize,
    class: usize,
    since: Timestamp,
    /// When it has waited too long; `None` if never.
    until: Option<(Timestamp, Refusal)>,
    /// When it will have if the room is overloaded; `None` if that is not sooner, or is past.
    patience: Option<Timestamp>,
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether it is out of the line.
    gone: bool,
}

impl Waiter {
    pub(super) fn new(
        gate: Arc<Gate>,
        at: usize,
        ask: &Ask,
        longest: Duration,
        patience: Option<Timestamp>,
    ) -> Self {
        let longest =
            (longest < Duration::MAX).then(|| (ask.now.saturating_add(longest), Refusal::TimedOut));
        let deadline = ask.deadline.map(|deadline| (deadline, Refusal::Deadline));
        let until = match (longest, deadline) {
            (Some(longest), Some(deadline)) if deadline.0 < longest.0 => Some(deadline),
            (longest, deadline) => longest.or(deadline),
        };
        let patience = patience.filter(|patience| until.is_none_or(|(until, _)| *patience < until));
        gate.meters().waiting.increment(1.0);
        let (class, since) = (ask.class, ask.now);
        Self { gate, at, class, since, until, patience, timer: None, gone: false }
    }

    /// Whether it is its turn: a permit, as one of so many.
    pub(in crate::concurrency) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(Permit, u32), Refusal>> {
        if self.gone {
            return Poll::Pending;
        }
        let mut turn = self.turn(cx);
        while turn.is_pending() && self.has_waited(cx) {
            if self.patience.take().is_some() {
                // All who are overdue are refused next, this one among them unless it is the last. It asks by itself.
                let waker = self.gate.line_up().mute(self.at);
                drop(waker);
                self.timer = None;
            } else if let Some((_, refusal)) = self.until {
                self.give_up(refusal);
            }
            // Perhaps it was the last.
            self.gate.settle_now();
            turn = self.turn(cx);
        }
        turn
    }

    fn give_up(&self, refusal: Refusal) {
        let mut line_up = self.gate.line_up();
        // It may have come to its turn meanwhile.
        if line_up.is_waiting(self.at) {
            let waker = line_up.refuse(self.at, refusal);
            drop(line_up);
            drop(waker);
        }
    }

    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<Result<(Permit, u32), Refusal>> {
        let (turn, _waker) = self.gate.line_up().poll(self.at, cx.waker());
        let Poll::Ready(turn) = turn else { return Poll::Pending };
        self.gone = true;
        self.gate.meters().waiting.decrement(1.0);
        let now = self.gate.terms().clock.now();
        let turn = match (turn, self.until) {
            // Whoever sent it has given up by now.
            (Ok(_), Some((deadline, Refusal::Deadline))) if deadline < now => {
                self.gate.leave(self.class);
                Err(Refusal::Deadline)
            }
            (turn, _) => turn,
        };
        self.count(turn.err(), now);
        Poll::Ready(
            turn.map(|in_flight| (Permit::new(Arc::clone(&self.gate), self.class), in_flight)),
        )
    }

    fn count(&self, refusal: Option<Refusal>, now: Timestamp) {
        let meters = self.gate.meters();
        let class = meters.class(self.class);
        match refusal {
            None => {
                class.queued.increment(1);
                meters.wait.record(now.saturating_since(self.since));
            }
            Some(refusal) => class.refused(refusal).increment(1),
        }
    }

    /// Whether it has come to the end of its patience, or of the time that it may wait, whichever is next.
    fn has_waited(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(until) = self.patience.or(self.until.map(|(until, _)| until)) else {
            return false;
        };
        let clock = &self.gate.terms().clock;
        // Nobody would wake it where there are no timers, so it cannot wait there.
        if self.timer.is_none() && Handle::try_current().is_err() {
            return true;
        }
        let timer =
            self.timer.get_or_insert_with(|| Box::pin(sleep(until.saturating_since(clock.now()))));
        timer.as_mut().poll(cx).is_ready()
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        if self.gone {
            return;
        }
        let meters = self.gate.meters();
        meters.waiting.decrement(1.0);
        meters.class(self.class).abandoned.increment(1);
        let turn = self.gate.line_up().forget(self.at);
        match turn {
            Turn::Granted(_) => self.gate.leave(self.class),
            Turn::Waits(_) | Turn::Refused(_) => self.gate.settle_now(),
        }
    }
}

impl fmt::Debug for Waiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter").field("since", &self.since).finish_non_exhaustive()
    }
}
