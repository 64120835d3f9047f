//! Who waits, and for whom.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt, mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::{sleep, timeout};

use super::Queue;
use crate::{
    clock::Timestamp,
    key::Key,
    rate_limit::{
        active::ActiveRule,
        admission::Subject,
        decision::{Ask, Decision},
        exceptions::{Access, Tiers},
        governed::Check,
    },
};

/// The lines of all keys that have one.
pub(super) struct Room {
    queue: Queue,
    waiting: AtomicUsize,
    lines: Mutex<HashMap<Id, Line>>,
}

/// A key under a rule. The rule's address is its identity, since whoever waits keeps it alive.
type Id = (usize, Key);

/// Those who wait for one key.
#[derive(Default)]
struct Line {
    waiters: usize,
    /// What they cost in all.
    cost: u64,
    /// Held by whoever is next. tokio's mutex is fair: it goes to those who want it in their order.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// A place in a line. Dropping it leaves the line.
pub(super) struct Place {
    room: Arc<Room>,
    id: Id,
    cost: u32,
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// What came of waiting.
pub(super) struct Turn {
    /// `None` if the key was denied meanwhile.
    pub(super) decision: Option<Decision>,
    pub(super) now: Timestamp,
}

/// A request that waits: all that a decision on it needs.
pub(super) struct Waiter {
    pub(super) place: Place,
    pub(super) rule: Arc<ActiveRule>,
    pub(super) key: Key,
    pub(super) cost: u32,
    pub(super) tiers: Tiers,
    governed: Option<Box<Check>>,
    since: Timestamp,
}

impl Room {
    pub(super) fn new(queue: Queue) -> Self {
        Self { queue, waiting: AtomicUsize::new(0), lines: Mutex::default() }
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Whether a request must wait because others of its key do.
    #[inline]
    pub(super) fn has_line(&self, subject: &Subject<'_>) -> bool {
        self.waiting() > 0 && self.lines().contains_key(&id(subject.rule, subject.key))
    }

    /// Lets a request wait. If it would take too long or there is no room: the decision on it as if all before it had passed.
    pub(super) fn join(
        self: &Arc<Self>,
        subject: &mut Subject<'_>,
    ) -> Result<Waiter, Box<Decision>> {
        let &mut Subject { rule, key, cost, .. } = subject;
        let mut lines = self.lines();
        let entry = lines.entry(id(rule, key));
        let ahead = match &entry {
            Entry::Occupied(line) => line.get().cost,
            Entry::Vacant(_) => 0,
        };
        let decision = rule.preview(subject.ask(), u32::try_from(ahead).unwrap_or(u32::MAX));
        let too_long = match decision.refusal() {
            Some(Some(wait)) => Duration::from_nanos(wait) > self.queue.max_wait,
            Some(None) => true,
            None => false,
        };
        if too_long || self.waiting() >= self.queue.max_waiters {
            return Err(Box::new(decision));
        }
        let line = entry.or_default();
        line.waiters += 1;
        line.cost += u64::from(cost);
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let turn = Arc::clone(&line.turn);
        let place = Place { room: Arc::clone(self), id: id(rule, key), cost, turn };
        let (rule, tiers) = (Arc::clone(rule), mem::take(&mut subject.tiers));
        let governed = subject.governed.take();
        Ok(Waiter { place, rule, key, cost, tiers, governed, since: subject.now })
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<Id, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A random part of the jitter.
    fn jitter(&self) -> Duration {
        self.queue.jitter.mul_f64(fastrand::f64())
    }
}

impl Waiter {
    /// Waits for the turn, or until that would take too long. Either way it is out of the line then.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the line, with nothing charged.
    pub(super) async fn turn(&self) -> Turn {
        let room = &self.place.room;
        let give_up = self.since.saturating_add(room.queue.max_wait);
        let left = |now: Timestamp| give_up.saturating_since(now);
        // Whoever is before this one either passes or leaves.
        let next = timeout(left(self.rule.limiter.now()), self.place.turn.lock()).await;
        loop {
            let now = self.rule.limiter.now();
            let governed = self.governed.as_deref();
            let ask = Ask { governed, ..self.rule.ask(now, self.key, self.cost, &self.tiers) };
            if self.rule.access(self.key) == Access::Denied {
                return Turn { decision: None, now };
            }
            // Also of whoever gives up behind another: only a decision charges those whom it lets pass.
            let decision = self.rule.decide(ask);
            let waits = next.is_ok() && !self.rule.is_shadow();
            match decision.refusal() {
                Some(Some(wait)) if waits && Duration::from_nanos(wait) <= left(now) => {
                    let wait = Duration::from_nanos(wait) + room.jitter();
                    sleep(wait.min(left(now))).await;
                }
                _ => return Turn { decision: Some(decision), now },
            }
        }
    }

    /// How long it has waited.
    pub(super) fn waited(&self, now: Timestamp) -> Duration {
        now.saturating_since(self.since)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut lines = self.room.lines();
        if let Entry::Occupied(mut line) = lines.entry(self.id) {
            line.get_mut().waiters -= 1;
            line.get_mut().cost -= u64::from(self.cost);
            if line.get().waiters == 0 {
                line.remove();
            }
        }
        self.room.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

fn id(rule: &Arc<ActiveRule>, key: Key) -> Id {
    (Arc::as_ptr(rule) as usize, key)
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Room")
            .field("queue", &self.queue)
            .field("waiting", &self.waiting())
            .finish()
    }
}
