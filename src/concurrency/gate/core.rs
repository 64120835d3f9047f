use std::{
    sync::{
        Arc,
        PoisonError,
        // Not loom's: whether to measure is advice.
        atomic::{AtomicBool, Ordering},
    },
    task::Waker,
};

use super::{
    Ask, Entry, Mode, Permit, Terms, Waiter,
    learner::Learner,
    line_up::LineUp,
    word::{Closed, Word},
};
use crate::{
    clock::Timestamp,
    concurrency::{Bounds, Limit, Refusal, Sample, meters::Meters},
    sync::{Mutex, MutexGuard},
};

/// One limit, enforced.
///
/// Whoever comes while nobody waits is counted in one atomic step; so is whoever leaves. As soon as someone waits, or there are
/// classes, or the gate is not open, the word is guarded: all who come and leave then take the lock. What lets people in is
/// always [`Gate::settle`], so that a place which becomes free is never forgotten: whoever frees one either sees the guard and
/// settles, or was before the guard, and whoever set it settles after that.
#[derive(Debug)]
pub(in crate::concurrency) struct Gate {
    word: Word,
    terms: Arc<Terms>,
    line_up: Mutex<LineUp>,
    learner: Mutex<Learner>,
    /// Whether there is anything to be learnt: the limit is not fixed.
    learns: AtomicBool,
}

/// What settling comes to.
enum Step {
    /// One thing is done; there may be more.
    Did(Option<Waker>),
    Done,
}

impl Gate {
    pub(in crate::concurrency) fn new(limit: Box<dyn Limit>, terms: &Arc<Terms>) -> Self {
        Self {
            word: Word::new(limit.limit(), terms.priorities.is_some()),
            terms: Arc::clone(terms),
            line_up: Mutex::new(LineUp::new(terms)),
            learns: AtomicBool::new(!limit.is_fixed()),
            learner: Mutex::new(Learner::new(limit)),
        }
    }

    pub(in crate::concurrency) fn terms(&self) -> &Terms {
        &self.terms
    }

    #[inline]
    pub(in crate::concurrency) fn meters(&self) -> &Meters {
        self.terms.meters(|| self.limit())
    }

    /// Lets someone in who is of no class, or refuses them, if that can be decided without a look at them. Counts only what it
    /// has decided.
    #[inline(always)]
    pub(in crate::concurrency) fn enter_at_once(
        self: &Arc<Self>,
    ) -> Option<Result<(Permit, u32), Refusal>> {
        match self.word.enter() {
            Ok(in_flight) => {
                self.meters().class(0).admitted.increment(1);
                Some(Ok((Permit::new(Arc::clone(self), 0), in_flight)))
            }
            Err(Closed::Full) if self.terms.queue().is_none() => {
                self.meters().class(0).refused(Refusal::Full).increment(1);
                Some(Err(Refusal::Full))
            }
            Err(_) => None,
        }
    }

    /// Lets someone of a class in, or into a line, or neither. Only who does not get in at once is asked for more.
    #[inline]
    pub(in crate::concurrency) fn enter(
        self: &Arc<Self>,
        class: usize,
        ask: impl FnOnce() -> Ask,
    ) -> Entry {
        let entry = match self.word.enter() {
            Ok(in_flight) => Entry::Admitted(Permit::new(Arc::clone(self), class), in_flight),
            Err(Closed::Full) if self.terms.queue().is_none() => Entry::Refused(Refusal::Full),
            Err(_) => self.enter_slowly(&ask()),
        };
        match &entry {
            Entry::Admitted(..) => self.meters().class(class).admitted.increment(1),
            Entry::Refused(refusal) => self.meters().class(class).refused(*refusal).increment(1),
            // Counted when it has waited.
            Entry::Waits(_) => {}
        }
        entry
    }

    /// Lets someone in, if that needs no wait. Counts nothing.
    pub(in crate::concurrency) fn try_enter(
        self: &Arc<Self>,
        class: usize,
    ) -> Result<(Permit, u32), Refusal> {
        let in_flight = match self.word.enter() {
            Ok(in_flight) => in_flight,
            Err(Closed::Full) => return Err(Refusal::Full),
            Err(Closed::Guarded) => self.enter_if_first(&mut self.line_up(), class)?,
        };
        Ok((Permit::new(Arc::clone(self), class), in_flight))
    }

    /// Lets someone in whatever the limit. Counts nothing.
    pub(in crate::concurrency) fn enter_anyway(self: &Arc<Self>, class: usize) -> (Permit, u32) {
        if self.terms.priorities.is_some() {
            self.line_up().came(class);
        }
        (Permit::new(Arc::clone(self), class), self.word.enter_anyway())
    }

    #[cold]
    fn enter_slowly(self: &Arc<Self>, ask: &Ask) -> Entry {
        let mut line_up = self.line_up();
        let refusal = match self.enter_if_first(&mut line_up, ask.class) {
            Ok(in_flight) => {
                return Entry::Admitted(Permit::new(Arc::clone(self), ask.class), in_flight);
            }
            Err(refusal) => refusal,
        };
        let queue = self.terms.queue();
        let (Some(queue), Refusal::Full) = (&*queue, refusal) else {
            return Entry::Refused(refusal);
        };
        let limit = self.word.load().limit();
        let (at, displaced) = match line_up.join(&self.terms, queue, ask, limit) {
            Ok(joined) => joined,
            Err(refusal) => return Entry::Refused(refusal),
        };
        let patience = line_up.patience(queue, ask.class, ask.now);
        // A place may have become free before the guard was seen.
        self.word.guard();
        self.settle(line_up, ask.now, displaced);
        let longest = queue.longest_wait();
        Entry::Waits(Waiter::new(Arc::clone(self), at, ask, longest, patience))
    }

    /// Lets someone in who needs not wait behind others; as one of so many.
    fn enter_if_first(&self, line_up: &mut LineUp, class: usize) -> Result<u32, Refusal> {
        match line_up.mode() {
            Mode::Open => {}
            Mode::Paused => return Err(Refusal::Full),
            Mode::Draining => return Err(Refusal::Draining),
        }
        let state = self.word.load();
        // With the lock held, and the guard set or nobody waiting, no place is promised to anyone else.
        // Some may wait where none may any more.
        let may = line_up.waiting() == 0
            && (self.terms.queue().is_some()
                || line_up.may_borrow(&self.terms, class, state.in_flight(), state.limit()));
        let in_flight = if may { self.word.enter_locked() } else { None };
        if in_flight.is_some() {
            line_up.came(class);
        }
        in_flight.ok_or(Refusal::Full)
    }

    /// Someone who was in leaves.
    #[inline]
    pub(super) fn leave(&self, class: usize) {
        if self.terms.priorities.is_some() {
            let mut line_up = self.line_up();
            line_up.left(class);
            self.word.leave();
            self.settle(line_up, self.terms.clock.now(), None);
        } else if self.word.leave() {
            self.settle_now();
        }
    }

    #[cold]
    pub(super) fn settle_now(&self) {
        self.settle(self.line_up(), self.terms.clock.now(), None);
    }

    /// Does all that is to be done: refuses who has waited too long, lets in who may come. Wakers are woken without the lock.
    pub(super) fn settle<'a>(
        &'a self,
        mut line_up: MutexGuard<'a, LineUp>,
        now: Timestamp,
        mut woken: Option<Waker>,
    ) {
        loop {
            if let Some(waker) = woken.take() {
                drop(line_up);
                waker.wake();
                line_up = self.line_up();
            }
            match self.step(&mut line_up, now) {
                Step::Did(waker) => woken = waker,
                Step::Done => return,
            }
        }
    }

    fn step(&self, line_up: &mut LineUp, now: Timestamp) -> Step {
        if line_up.waiting() > 0 {
            if line_up.mode() == Mode::Draining {
                return match line_up.oldest() {
                    Some(oldest) => Step::Did(line_up.refuse(oldest, Refusal::Draining)),
                    None => Step::Done,
                };
            }
            if let Some(queue) = &*self.terms.queue()
                && let Some(overdue) = line_up.overdue(queue, now)
            {
                return Step::Did(line_up.refuse(overdue, Refusal::TimedOut));
            }
            if line_up.mode() == Mode::Open
                && let Some(in_flight) = self.word.enter_locked()
            {
                let class = line_up.next_class(&self.terms, self.word.load().limit());
                return Step::Did(line_up.grant(class, in_flight, now));
            }
            return Step::Done;
        }
        line_up.emptied();
        if (line_up.mode() != Mode::Draining || self.in_flight() == 0)
            && let Some(waker) = line_up.next_drainer()
        {
            return Step::Did(Some(waker));
        }
        if line_up.mode() == Mode::Open && self.terms.priorities.is_none() {
            self.word.unguard();
        }
        Step::Done
    }

    /// The time, for a request that starts now; `None` if the limit is not learnt and so needs no samples.
    #[inline]
    pub(in crate::concurrency) fn starts(&self) -> Option<Timestamp> {
        self.learns.load(Ordering::Relaxed).then(|| self.terms.clock.now())
    }

    /// Learns from an answer.
    pub(in crate::concurrency) fn learn(&self, sample: &Sample) {
        let mut learner = self.learner();
        let Some(limit) = learner.learn(sample) else { return };
        // Under the lock of the learner, or an older limit could be set after a newer one.
        if self.apply(limit) {
            drop(learner);
            self.settle_now();
        }
    }

    /// Sets the limit; whether that may let someone in who waits.
    fn apply(&self, limit: usize) -> bool {
        let limit = limit.clamp(1, Bounds::MAX);
        if self.limit() == limit {
            return false;
        }
        self.terms.tell_limit(limit);
        self.word.set_limit(limit)
    }

    /// Sets the limit by hand.
    pub(in crate::concurrency) fn pin(&self, limit: usize) {
        let mut learner = self.learner();
        learner.pin();
        self.apply(limit);
        drop(learner);
        self.settle_now();
    }

    /// Goes by what it was built with, or what is learnt, again.
    pub(in crate::concurrency) fn unpin(&self) {
        let mut learner = self.learner();
        let limit = learner.unpin();
        self.apply(limit);
        drop(learner);
        self.settle_now();
    }

    /// Goes by another limit from now on: whoever is in stays and counts.
    #[cfg(feature = "config")]
    pub(in crate::concurrency) fn change(&self, limit: Box<dyn Limit>) {
        let mut learner = self.learner();
        self.learns.store(!limit.is_fixed(), Ordering::Relaxed);
        let limit = learner.replace(limit);
        self.apply(limit);
        drop(learner);
        self.settle_now();
    }

    fn learner(&self) -> MutexGuard<'_, Learner> {
        self.learner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::concurrency) fn set_mode(&self, mode: Mode) {
        let now = self.terms.clock.now();
        let mut line_up = self.line_up();
        line_up.set_mode(mode, now);
        if mode != Mode::Open {
            self.word.guard();
        }
        self.settle(line_up, now, None);
    }

    /// Whether nobody is in, or the gate does not drain any more; `waker` is woken when that comes.
    pub(in crate::concurrency) fn is_drained(&self, waker: &Waker) -> bool {
        let mut line_up = self.line_up();
        // Whoever leaves last takes this lock too, as the gate is guarded.
        if line_up.mode() != Mode::Draining || self.in_flight() == 0 {
            return true;
        }
        line_up.wake_when_drained(waker);
        false
    }

    pub(in crate::concurrency) fn limit(&self) -> usize {
        self.word.load().limit() as usize
    }

    pub(in crate::concurrency) fn in_flight(&self) -> usize {
        self.word.load().in_flight() as usize
    }

    pub(in crate::concurrency) fn waiting(&self) -> usize {
        self.line_up().waiting()
    }

    pub(super) fn line_up(&self) -> MutexGuard<'_, LineUp> {
        // Nothing under this lock runs code of others but the cloning of wakers, which changes nothing.
        self.line_up.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
