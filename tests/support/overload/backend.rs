use std::collections::VecDeque;

use super::{
    chance::{Spread, share},
    random::Random,
    scenario::{SERVICE_TIME, Scenario},
};

/// The service: workers, and a queue before them.
pub(super) struct Backend {
    pub(super) workers: usize,
    /// How much longer each request takes than usual.
    latency: f64,
    spread: Spread,
    collapse: f64,
    endless: bool,
    room: usize,
    waiting: VecDeque<usize>,
    working: usize,
    random: Random,
}

impl Backend {
    pub(super) fn new(scenario: &Scenario, seed: u64) -> Self {
        let mut random = Random::new(!seed);
        // The numbers of a generator and those of the arrivals' are the same for some seeds, one shifted against the other.
        let random = Random::new(random.next());
        Self {
            workers: scenario.workers_at(0),
            latency: scenario.latency.at(0),
            spread: scenario.spread,
            collapse: scenario.collapse,
            endless: scenario.endless,
            room: scenario.room.unwrap_or(usize::MAX),
            waiting: VecDeque::new(),
            working: 0,
            random,
        }
    }

    pub(super) fn change(&mut self, scenario: &Scenario, now: u64) {
        self.workers = scenario.workers_at(now);
        self.latency = scenario.latency.at(now);
    }

    /// Whether a worker has nothing to do.
    pub(super) fn is_idle(&self) -> bool {
        self.working < self.workers
    }

    /// Takes a request, unless there is no room.
    pub(super) fn take(&mut self, id: usize) -> bool {
        let room = self.waiting.len() < self.room;
        if room {
            self.waiting.push_back(id);
        }
        room
    }

    /// The next request to be worked on, and for how long.
    pub(super) fn begin(&mut self) -> Option<(usize, u64)> {
        if !self.is_idle() {
            return None;
        }
        let excess = (self.working + self.waiting.len()) as f64 / self.workers as f64 - 1.0;
        let id = self.waiting.pop_front()?;
        self.working += 1;
        let slower = if self.endless { 1.0 } else { 1.0 + self.collapse * excess.max(0.0) };
        let time = SERVICE_TIME * self.latency * slower * self.spread.draw(&mut self.random);
        Some((id, (time as u64).max(1)))
    }

    /// A request that was worked on is done.
    pub(super) fn done(&mut self) {
        self.working -= 1;
    }

    /// A request that waits is given up.
    pub(super) fn forget(&mut self, id: usize) {
        self.waiting.retain(|waiting| *waiting != id);
    }

    /// From 0 to less than 1.
    pub(super) fn chance(&mut self) -> f64 {
        share(&mut self.random)
    }
}
