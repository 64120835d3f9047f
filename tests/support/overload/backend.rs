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
    /// How many of those that wait have been given up.
    gone: usize,
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
            gone: 0,
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
        let room = self.waiting.len() - self.gone < self.room;
        if room {
            self.waiting.push_back(id);
        }
        room
    }

    /// The request that has waited longest, if a worker is idle: it may have been given up.
    pub(super) fn next(&mut self) -> Option<usize> {
        if self.is_idle() { self.waiting.pop_front() } else { None }
    }

    /// It is worked on from now on: for how long.
    pub(super) fn begin(&mut self) -> u64 {
        let excess =
            (self.working + 1 + self.waiting.len() - self.gone) as f64 / self.workers as f64 - 1.0;
        self.working += 1;
        let slower = if self.endless { 1.0 } else { 1.0 + self.collapse * excess.max(0.0) };
        let time = SERVICE_TIME * self.latency * slower * self.spread.draw(&mut self.random);
        (time as u64).max(1)
    }

    /// A request that was worked on is done.
    pub(super) fn done(&mut self) {
        self.working -= 1;
    }

    /// A request that waits is given up.
    pub(super) fn give_up(&mut self) {
        self.gone += 1;
    }

    /// It has left the queue.
    pub(super) fn skip(&mut self) {
        self.gone -= 1;
    }

    /// From 0 to less than 1.
    pub(super) fn chance(&mut self) -> f64 {
        share(&mut self.random)
    }
}
