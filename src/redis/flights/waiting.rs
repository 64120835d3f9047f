use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot::{self, Receiver, Sender};

use crate::cache::second_tier::TierKey;

/// Those who wait for flights of other processes.
#[derive(Debug, Default)]
pub(in crate::redis) struct Waiting(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Whether landings are heard of.
    hears: bool,
    by_key: HashMap<u128, Vec<Sender<()>>>,
}

/// One who waits; dropping it ends that.
#[derive(Debug)]
pub(super) struct Waiter {
    landing: Receiver<()>,
    key: u128,
    waiting: Arc<Waiting>,
}

impl Waiting {
    /// Waits for a key's next landing. `None` if nobody would hear of it.
    pub(super) fn join(self: &Arc<Self>, key: TierKey) -> Option<Waiter> {
        let mut state = self.state();
        if !state.hears {
            return None;
        }
        let (landed, landing) = oneshot::channel();
        let key = key.bits();
        state.by_key.entry(key).or_default().push(landed);
        Some(Waiter { landing, key, waiting: Arc::clone(self) })
    }

    /// Landings are heard of from now on.
    pub(in crate::redis) fn hear(&self) {
        self.state().hears = true;
    }

    /// Landings are not heard of from now on: nobody waits any more.
    pub(in crate::redis) fn lost(&self) {
        *self.state() = State::default();
    }

    /// Tells those who wait that a flight has landed; its key is as it was published.
    pub(in crate::redis) fn landed(&self, key: &[u8]) {
        let key = str::from_utf8(key).ok().and_then(|key| u128::from_str_radix(key, 16).ok());
        let waiters = key.and_then(|key| self.state().by_key.remove(&key));
        for waiter in waiters.into_iter().flatten() {
            // Who has gone meanwhile need not be told.
            let _ = waiter.send(());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter {
    /// Whether the flight has landed; `false` if nothing will be heard of it.
    pub(super) async fn landed(&mut self) -> bool {
        (&mut self.landing).await.is_ok()
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.landing.close();
        let mut state = self.waiting.state();
        if let Some(waiters) = state.by_key.get_mut(&self.key) {
            waiters.retain(|waiter| !waiter.is_closed());
            if waiters.is_empty() {
                state.by_key.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_executor::block_on;

    use super::*;

    fn hearing() -> Arc<Waiting> {
        let waiting = Arc::new(Waiting::default());
        waiting.hear();
        waiting
    }

    fn key(of: &str) -> TierKey {
        TierKey::of(of.as_bytes())
    }

    fn published(key: TierKey) -> Vec<u8> {
        format!("{:032x}", key.bits()).into_bytes()
    }

    #[test]
    fn all_who_wait_for_a_key_are_told_and_no_others() {
        let waiting = hearing();
        let [mut one, mut two] = [(); 2].map(|()| waiting.join(key("a")).unwrap());
        let other = waiting.join(key("b")).unwrap();
        waiting.landed(&published(key("a")));
        assert!(block_on(one.landed()) && block_on(two.landed()));
        drop((one, two));
        assert_eq!(waiting.state().by_key.len(), 1);
        drop(other);
        assert!(waiting.state().by_key.is_empty());
    }

    #[test]
    fn nobody_waits_while_nothing_is_heard() {
        let waiting = hearing();
        let mut waiter = waiting.join(key("a")).unwrap();
        waiting.lost();
        assert!(!block_on(waiter.landed()));
        assert!(waiting.join(key("a")).is_none());
        waiting.hear();
        assert!(waiting.join(key("a")).is_some());
    }

    #[test]
    fn one_who_goes_leaves_the_others_waiting() {
        let waiting = hearing();
        let gone = waiting.join(key("a")).unwrap();
        let mut stays = waiting.join(key("a")).unwrap();
        drop(gone);
        waiting.landed(b"not a key");
        waiting.landed(&published(key("a")));
        assert!(block_on(stays.landed()));
    }
}
