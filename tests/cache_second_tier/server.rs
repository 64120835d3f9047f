//! What processes share: records under keys, and a log of purges, as a server would keep them.

use std::{
    collections::{BTreeMap, HashMap},
    future::{pending, ready},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use bytes::Bytes;
use tokio::sync::watch;
use tower_weir::{
    cache::second_tier::{
        Claim, Claiming, Getting, Held, Landing, Position, Purging, Record, SecondTier,
        SecondTierError, TierKey,
    },
    clock::{Clock, ManualClock, Timestamp},
};

/// How a server behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    #[default]
    Well,
    Failing,
    Hanging,
    /// It keeps another byte in place of each that it is given.
    Garbling,
    /// It drops what it is given.
    Full,
    /// It finds all that it is given too large.
    Small,
}

#[derive(Clone, Default)]
pub(crate) struct Server(Arc<Mutex<State>>);

#[derive(Default)]
pub(crate) struct State {
    pub(crate) mood: Mood,
    /// How many lookups there were.
    pub(crate) asked: usize,
    /// How many records are there, and have ever been written.
    pub(crate) written: usize,
    records: HashMap<u128, Kept>,
    clock: Hand,
    /// Whether processes wait for each other's calls.
    pub(crate) claims: bool,
    claimed: HashMap<u128, watch::Receiver<()>>,
    log: Log,
    processes: Vec<Purging>,
    /// The process that messages do not reach.
    pub(crate) deaf: Option<usize>,
}

struct Hand {
    clock: Clock,
    hand: ManualClock,
}

impl Default for Hand {
    fn default() -> Self {
        let (clock, hand) = Clock::manual();
        Self { clock, hand }
    }
}

#[derive(Clone)]
struct Kept {
    bytes: Bytes,
    keep: Duration,
    since: Timestamp,
}

struct Log {
    id: u64,
    last: u64,
    floor: u64,
    purges: BTreeMap<Bytes, u64>,
}

impl Default for Log {
    fn default() -> Self {
        Self { id: 1, last: 0, floor: 0, purges: BTreeMap::new() }
    }
}

impl Server {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn is(&self, mood: Mood) {
        self.state().mood = mood;
    }

    pub(crate) fn asked(&self) -> usize {
        self.state().asked
    }

    /// Time passes for it.
    pub(crate) fn pass(&self, time: Duration) {
        self.state().clock.hand.advance(time);
    }

    /// What all processes have purged reaches all.
    pub(crate) fn carry(&self) {
        let processes = self.state().processes.clone();
        for (at, sender) in processes.iter().enumerate() {
            for unsent in sender.unsent() {
                let (log, number) = self.state().log.add(&unsent.purge);
                sender.sent(unsent.issue, log, number);
                let deaf = self.state().deaf;
                let others = processes.iter().enumerate();
                let others = others.filter(|(other, _)| *other != at && Some(*other) != deaf);
                for (_, other) in others {
                    if !other.received(log, number, &unsent.purge) {
                        self.state().log.tell(other);
                    }
                }
            }
        }
    }

    /// It loses all that it has.
    pub(crate) fn flush(&self) {
        let mut state = self.state();
        state.records.clear();
        state.log = Log { id: state.log.id + 1, ..Log::default() };
    }

    /// It forgets what it knows of purges.
    pub(crate) fn forget_purges(&self) {
        let log = &mut self.state().log;
        log.purges.clear();
        log.floor = log.last;
    }

    /// Whether a process hears of nothing that others purge, until it is told.
    pub(crate) fn tell(&self, process: usize) {
        let state = self.state();
        state.log.tell(&state.processes[process]);
    }

    pub(crate) fn lose(&self, process: usize) {
        self.state().processes[process].lost();
    }

    /// Puts each record where another was asked for.
    pub(crate) fn mix_up(&self) {
        let mut state = self.state();
        let (keys, mut kept): (Vec<_>, Vec<_>) = state.records.drain().unzip();
        kept.rotate_left(1);
        state.records = keys.into_iter().zip(kept).collect();
    }

    pub(crate) fn records(&self) -> usize {
        self.state().records.len()
    }
}

impl Log {
    fn add(&mut self, purge: &Bytes) -> (u64, u64) {
        self.last += 1;
        self.purges.insert(purge.clone(), self.last);
        (self.id, self.last)
    }

    fn tell(&self, process: &Purging) {
        let come = process.position();
        let come = if come.log == self.id { come.number } else { 0 };
        let newer = self.purges.iter().filter(|(_, number)| **number > come);
        let newer = newer.map(|(purge, number)| (*number, purge.clone()));
        process.catch_up(Position { log: self.id, number: self.last }, self.floor, newer);
    }
}

impl SecondTier for Server {
    fn get(&self, key: TierKey) -> Getting {
        let mut state = self.state();
        state.asked += 1;
        let now = state.clock.clock.now();
        let held = state.records.get(&key.bits()).and_then(|kept| {
            let since = now.saturating_since(kept.since);
            (since < kept.keep).then(|| Held { bytes: kept.bytes.clone(), since })
        });
        match state.mood {
            Mood::Failing => Box::pin(ready(Err(SecondTierError::Failed("broken".into())))),
            Mood::Hanging => Box::pin(pending()),
            _ => Box::pin(ready(Ok(held))),
        }
    }

    fn put(&self, record: Record) {
        let mood = self.state().mood;
        match mood {
            Mood::Full => return record.dropped(),
            Mood::Small => return record.too_large(),
            _ => {}
        }
        let key = record.key();
        let Some((encoded, receipt)) = record.encode() else { return };
        if mood == Mood::Failing {
            return receipt.failed();
        }
        let garble = |bytes: &Bytes| bytes.iter().map(|byte| byte.wrapping_add(1)).collect();
        let bytes = if mood == Mood::Garbling { garble(&encoded.bytes) } else { encoded.bytes };
        let mut state = self.state();
        state.written += 1;
        let since = state.clock.clock.now();
        state.records.insert(key.bits(), Kept { bytes, keep: encoded.keep, since });
        drop(state);
        receipt.written();
    }

    fn remove(&self, key: TierKey) {
        self.state().records.remove(&key.bits());
    }

    fn claim(&self, key: TierKey) -> Claiming {
        let mut state = self.state();
        if !state.claims {
            return Box::pin(ready(Claim::Free));
        }
        if let Some(landing) = state.claimed.get(&key.bits()) {
            let mut landing = landing.clone();
            return Box::pin(async move {
                let _ = landing.changed().await;
                Claim::Landed
            });
        }
        let (held, landing) = watch::channel(());
        state.claimed.insert(key.bits(), landing);
        let server = self.clone();
        Box::pin(ready(Claim::Mine(Landing::new(move || {
            server.state().claimed.remove(&key.bits());
            drop(held);
        }))))
    }

    fn carry(&self, purges: Purging) {
        let mut state = self.state();
        state.log.tell(&purges);
        state.processes.push(purges);
    }
}
