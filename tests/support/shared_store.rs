//! A store in memory that the layers of a test share as processes do: with a clock of its own, and moods.

use std::{
    collections::HashMap,
    future::{pending, ready},
    num::NonZeroU32,
    sync::{Arc, Mutex},
    time::Duration,
};

use tower_weir::{
    clock::{Clock, ManualClock},
    key::SharedKey,
    rate_limit::shared::{Action, Ask, Asking, Outcome, SharedStore, SharedStoreError, Terms},
};

/// What becomes of what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Answers,
    /// Nothing is done.
    Fails,
    /// It is done, and the answer is on its way for so long.
    Slow(Duration),
    /// It is done, and nobody hears of it.
    Silent,
}

/// Clones are the same store.
#[derive(Clone)]
pub(crate) struct MemoryStore(Arc<Inner>);

struct Inner {
    clock: Clock,
    processes: Option<NonZeroU32>,
    state: Mutex<State>,
}

struct State {
    mood: Mood,
    tats: HashMap<(SharedKey, String), u64>,
    asked: Vec<Action>,
}

impl MemoryStore {
    /// With the hand of its clock.
    pub(crate) fn new() -> (Self, ManualClock) {
        let (clock, hand) = Clock::manual();
        (Self::with(clock, None), hand)
    }

    pub(crate) fn with(clock: Clock, processes: Option<NonZeroU32>) -> Self {
        let state = State { mood: Mood::Answers, tats: HashMap::new(), asked: Vec::new() };
        Self(Arc::new(Inner { clock, processes, state: Mutex::new(state) }))
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.0.state.lock().unwrap().mood = mood;
    }

    /// Forgets all debts.
    pub(crate) fn flush(&self) {
        self.0.state.lock().unwrap().tats.clear();
    }

    /// What it was asked since this was asked last.
    pub(crate) fn asked(&self) -> Vec<Action> {
        std::mem::take(&mut self.0.state.lock().unwrap().asked)
    }

    fn done(&self, ask: &Ask, state: &mut State) -> Outcome {
        let now = self.0.clock.now().as_nanos();
        let place = |terms: &Terms| (ask.key, terms.policy.to_string());
        let debt =
            |terms: &Terms| state.tats.get(&place(terms)).map_or(0, |tat| tat.saturating_sub(now));
        let debts: Vec<_> = ask.terms.iter().map(debt).collect();
        let outcome = ask.action.outcome(&ask.terms, &debts);
        for (terms, standing) in ask.terms.iter().zip(&outcome.standings) {
            state.tats.insert(place(terms), now + standing.reset);
        }
        outcome
    }
}

impl SharedStore for MemoryStore {
    fn ask(&self, ask: Ask) -> Asking {
        let mut state = self.0.state.lock().unwrap();
        state.asked.push(ask.action);
        let mood = state.mood;
        if mood == Mood::Fails {
            return Box::pin(ready(Err(SharedStoreError::Unavailable)));
        }
        let outcome = self.done(&ask, &mut state);
        match mood {
            Mood::Silent => Box::pin(pending()),
            Mood::Slow(delay) => Box::pin(async move {
                tokio::time::sleep(delay).await;
                Ok(outcome)
            }),
            Mood::Answers | Mood::Fails => Box::pin(ready(Ok(outcome))),
        }
    }

    fn processes(&self) -> Option<NonZeroU32> {
        self.0.processes
    }
}
