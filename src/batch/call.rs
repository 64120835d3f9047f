//! One call for a batch, and what becomes of those who wait for it.

use std::{sync::Arc, task::Waker};

use super::{
    BatchError, BatchFailure, Cause, Partition,
    contained::contained,
    engine::Engine,
    port::Outcome,
    queue::{Given, Waiting},
};
use crate::clock::Timestamp;

/// A batch that was sent. Everyone who waits for it gets an answer, also if this is dropped.
pub(super) struct Call<'a, S, Req, P: Partition<Req>, Res, E> {
    engine: &'a Arc<Engine<S, Req, P, Res, E>>,
    number: u64,
    /// Who waits for each item; empty once all have been answered.
    waiters: Vec<Waiting>,
    began: Timestamp,
}

/// What waiters get.
type Outcomes<Res, E> = Vec<(usize, Outcome<Res, E>)>;

impl<'a, S, Req, P: Partition<Req>, Res, E> Call<'a, S, Req, P, Res, E> {
    pub(super) fn begin(
        engine: &'a Arc<Engine<S, Req, P, Res, E>>,
        number: u64,
        waiters: Vec<Waiting>,
        began: Timestamp,
    ) -> Self {
        let meters = engine.meters();
        meters.waiting.decrement(count(&waiters) as f64);
        meters.in_flight.increment(1.0);
        Self { engine, number, waiters, began }
    }

    /// Gives the answers out. Whether the runner goes on.
    pub(super) fn end(mut self, answers: Result<Vec<Result<Res, E>>, Cause>) -> bool {
        let size = self.waiters.len();
        let took = self.engine.settings.clock.now().saturating_since(self.began);
        self.engine.meters().duration.record(took);
        let (outcomes, failed) = self.outcomes(answers);
        let mut queue = self.engine.queue();
        let given: Vec<_> =
            outcomes.into_iter().map(|(waiter, outcome)| queue.answer(waiter, outcome)).collect();
        let ended = queue.end_call(size, took, failed);
        drop(queue);
        self.engine.rouse(ended.rouse);
        give(given);
        ended.idlers.into_iter().for_each(Waker::wake);
        ended.goes_on
    }

    /// What each waiter gets, and whether all of it failed. Once this has returned nobody waits any more.
    fn outcomes(
        &mut self,
        answers: Result<Vec<Result<Res, E>>, Cause>,
    ) -> (Outcomes<Res, E>, bool) {
        // Copying and dropping answers is the user's, and may panic: meanwhile they wait still.
        let outcomes = answers.and_then(|answers| contained(|| self.shared(answers))?);
        let waiters = std::mem::take(&mut self.waiters);
        let meters = self.engine.meters();
        meters.duplicates.increment(count(&waiters) - waiters.len() as u64);
        meters.in_flight.decrement(1.0);
        match outcomes {
            Ok(outcomes) => {
                let failed = outcomes.iter().filter(|(_, outcome)| outcome.is_err()).count() as u64;
                meters.failed.increment(failed);
                meters.answered.increment(outcomes.len() as u64 - failed);
                (outcomes, false)
            }
            Err(cause) => {
                meters.failure(&cause).increment(1);
                meters.batch_failed.increment(count(&waiters));
                let name = self.engine.settings.name.clone();
                let failure = BatchFailure::new(name, self.number, waiters.len(), cause);
                // How an error is written is the user's as well.
                drop(contained(|| tracing::error!("{failure}")));
                let failed = |waiter| (waiter, Err(BatchError::Failed(failure.clone())));
                (waiters.into_iter().flatten().map(failed).collect(), true)
            }
        }
    }

    /// Whose each answer is: those who wait for the same get copies of one.
    fn shared(&self, answers: Vec<Result<Res, E>>) -> Result<Outcomes<Res, E>, Cause> {
        if answers.len() != self.waiters.len() {
            return Err(Cause::WrongCount(answers.len()));
        }
        let mut outcomes = Vec::with_capacity(answers.len());
        for (waiting, answer) in self.waiters.iter().zip(answers) {
            if let (Some((_, others)), Some(copy)) = (waiting.split_first(), self.engine.copier) {
                outcomes.extend(others.iter().map(|other| (*other, outcome(copy(&answer)))));
            }
            outcomes.extend(waiting.first().map(|waiter| (*waiter, outcome(answer))));
        }
        Ok(outcomes)
    }
}

impl<S, Req, P: Partition<Req>, Res, E> Drop for Call<'_, S, Req, P, Res, E> {
    fn drop(&mut self) {
        if self.waiters.is_empty() {
            return;
        }
        let size = self.waiters.len();
        let (outcomes, _) = self.outcomes(Err(Cause::Aborted));
        let mut queue = self.engine.queue();
        let given: Vec<_> =
            outcomes.into_iter().map(|(waiter, outcome)| queue.answer(waiter, outcome)).collect();
        let wakers = queue.lose_call(size);
        drop(queue);
        give(given);
        wakers.into_iter().for_each(Waker::wake);
    }
}

fn outcome<Res, E>(answer: Result<Res, E>) -> Outcome<Res, E> {
    answer.map_err(BatchError::Item)
}

fn count(waiters: &[Waiting]) -> u64 {
    waiters.iter().map(|waiting| waiting.len() as u64).sum()
}

/// Wakes those whose answers are there. What nobody wanted any more is dropped here, outside of the lock.
fn give<T>(given: Vec<Given<T>>) {
    for given in given {
        match given {
            Given::Wake(Some(waker)) => waker.wake(),
            Given::Wake(None) => {}
            Given::Unwanted(answer) => drop(contained(|| drop(answer))),
        }
    }
}
