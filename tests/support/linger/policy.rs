use std::time::Duration;

use tower_weir::{
    batch::{Forming, Linger},
    clock::Timestamp,
};

use super::{steps::MS, world::World};

/// What says how long a batch waits.
pub(crate) trait Policy {
    /// Until when it waits, by the clock of the simulation; what is past means that it leaves.
    fn until(&mut self, world: &World<'_>, forming: &Forming) -> u64;
    fn arrived(&mut self, now: u64);
    fn sent(&mut self, size: usize, now: u64);
    fn ended(&mut self, size: usize, took: u64);
    fn timers(&self) -> Timers;
}

/// What timers can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timers {
    Exact,
    /// As tokio's: they end with a whole millisecond. What would wait for less than half of one does not.
    Millis,
}

impl Timers {
    /// When a wait until `until` ends, if there is any.
    pub(super) fn wait(self, now: u64, until: u64) -> Option<u64> {
        let wait = until.saturating_sub(now);
        match self {
            Self::Exact => (wait > 0).then_some(until),
            Self::Millis => (wait >= MS / 2).then(|| until.div_ceil(MS) * MS),
        }
    }
}

/// The clock's reading at the beginning, so that there is a time before.
const ORIGIN: u64 = 3_600_000_000_000;

/// The time for what is asked, at a time of the simulation.
pub(super) const fn timestamp(at: u64) -> Timestamp {
    Timestamp::from_nanos(ORIGIN + at)
}

/// When the first item of a batch came, by the clock of the simulation.
pub(super) const fn since(forming: &Forming) -> u64 {
    forming.since.as_nanos().saturating_sub(ORIGIN)
}

/// A linger, asked as the engine does.
pub(crate) struct Lingers<L>(pub(crate) L, pub(crate) Timers);

impl<L: Linger> Policy for Lingers<L> {
    fn until(&mut self, world: &World<'_>, forming: &Forming) -> u64 {
        self.0.until(forming, timestamp(world.now)).as_nanos().saturating_sub(ORIGIN)
    }

    fn arrived(&mut self, now: u64) {
        self.0.arrived(timestamp(now));
    }

    fn sent(&mut self, size: usize, now: u64) {
        self.0.sent(size, timestamp(now));
    }

    fn ended(&mut self, size: usize, took: u64) {
        self.0.ended(size, Duration::from_nanos(took));
    }

    fn timers(&self) -> Timers {
        self.1
    }
}
