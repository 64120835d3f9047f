//! What becomes of a call: a value that is kept, a load of its own, or someone else's.

use std::{any::Any, hash::Hash, sync::Arc};

use tokio::{runtime::Handle, time::timeout};

use super::{
    entries::Entries,
    kept::{Began, Kept, State, lead},
    settings::Settings,
    stats::Counters,
};
use crate::flight::{Detached, Flights, Follower, Joined, Leader, Turn};

/// What all clones of a memo share.
pub(super) struct Shared<K, V> {
    pub(super) settings: Settings<K, V>,
    pub(super) entries: Entries<K, V>,
    pub(super) flights: Flights<K, Loaded<V>>,
    pub(super) counters: Counters,
}

/// What came of a load, for all who wait for it.
#[derive(Clone)]
pub(super) enum Loaded<V> {
    Value(V),
    /// An error, of whatever type the loader has.
    Error(Arc<dyn Any + Send + Sync>),
}

impl<V> Loaded<V> {
    /// `None` if it is an error of a type that this caller does not know.
    fn for_caller<E: Clone + 'static>(self) -> Option<Result<V, E>> {
        match self {
            Self::Value(value) => Some(Ok(value)),
            Self::Error(error) => error.downcast_ref::<E>().cloned().map(Err),
        }
    }
}

impl<K, V> Shared<K, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(super) fn new(settings: Settings<K, V>) -> Self {
        let entries = Entries::new(&settings.bound);
        Self { settings, entries, flights: Flights::new(), counters: Counters::default() }
    }

    pub(super) async fn get_or_load<E, F, Fut>(self: &Arc<Self>, key: K, load: F) -> Result<V, E>
    where
        E: Clone + Send + Sync + 'static,
        F: FnOnce(&K) -> Fut,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        let (state, kept) = self.look(&key);
        match (state, kept) {
            (State::Fresh, Some(kept)) => {
                self.counters.hits.count();
                return Ok(kept.value);
            }
            (State::Due, Some(kept)) => {
                self.counters.hits.count();
                self.refresh(key, &kept, load);
                return Ok(kept.value);
            }
            // Without a runtime there is no background to load in.
            (State::Stale, Some(kept)) if Handle::try_current().is_ok() => {
                self.counters.stale_hits.count();
                self.refresh(key, &kept, load);
                return Ok(kept.value);
            }
            _ => self.counters.misses.count(),
        }
        let leader = loop {
            let loaded = match self.flights.join(key.clone()) {
                Joined::Leads(leader) => break leader,
                Joined::Landed(loaded) => loaded,
                Joined::Follows(mut follower) => match self.wait(&mut follower).await {
                    Some(Turn::Leads(leader)) => break leader,
                    Some(Turn::Landed(loaded)) => loaded,
                    None => {
                        follower.write_off();
                        continue;
                    }
                },
            };
            if let Some(result) = loaded.for_caller() {
                self.counters.shared.count();
                return result;
            }
        };
        // Another load may have ended between the look and the joining.
        if let (State::Fresh | State::Due, Some(kept)) = self.look(&key) {
            drop(leader.land(Loaded::Value(kept.value.clone())));
            self.counters.shared.count();
            return Ok(kept.value);
        }
        let began = self.begin();
        let work = load(&key);
        self.work(leader, key, began, work).await
    }

    /// A load, or something like it, that begins now.
    pub(super) fn begin(&self) -> Began {
        Began { at: self.settings.clock.now(), clears: self.entries.clears() }
    }

    /// `None` if it takes too long.
    async fn wait(&self, follower: &mut Follower<K, Loaded<V>>) -> Option<Turn<K, Loaded<V>>> {
        match Handle::try_current() {
            Ok(_) => timeout(self.settings.max_wait, follower).await.ok(),
            Err(_) => Some(follower.await),
        }
    }

    fn look(&self, key: &K) -> (State, Option<Kept<V>>) {
        let Some(kept) = self.entries.get(key) else { return (State::Gone, None) };
        let beta = self.settings.beta;
        let lead = if beta > 0.0 { lead(beta, fastrand::f64()) } else { 0.0 };
        (kept.state(self.settings.clock.now(), lead), Some(kept))
    }

    /// Loads a value anew in the background, unless that is under way or done already, or there is no background.
    fn refresh<E, F, Fut>(self: &Arc<Self>, key: K, seen: &Kept<V>, load: F)
    where
        E: Clone + Send + Sync + 'static,
        F: FnOnce(&K) -> Fut,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        let Ok(runtime) = Handle::try_current() else { return };
        let Some(leader) = self.flights.lead(key.clone()) else { return };
        if self.entries.get(&key).is_some_and(|kept| kept.expires != seen.expires) {
            return;
        }
        let began = self.begin();
        let work = load(&key);
        runtime.spawn(self.work(leader, key, began, work));
    }

    /// Does the work of a flight, whoever waits for it.
    fn work<E>(
        self: &Arc<Self>,
        leader: Leader<K, Loaded<V>>,
        key: K,
        began: Began,
        load: impl Future<Output = Result<V, E>> + Send + 'static,
    ) -> Detached<Result<V, E>>
    where
        E: Clone + Send + Sync + 'static,
    {
        let shared = Arc::clone(self);
        Detached::new(Box::pin(async move {
            let attempt = shared.counters.begin();
            match load.await {
                Ok(value) => {
                    let settings = &shared.settings;
                    let kept = settings.keep(&key, value.clone(), began, settings.clock.now());
                    attempt.succeed();
                    // Stored before anyone is told: whoever gets it finds it there.
                    leader.unless_spoiled(|| shared.entries.replace(key, kept));
                    drop(leader.land(Loaded::Value(value.clone())));
                    shared.entries.settle();
                    Ok(value)
                }
                Err(error) => {
                    drop(attempt);
                    drop(leader.land(Loaded::Error(Arc::new(error.clone()))));
                    Err(error)
                }
            }
        }))
    }
}
