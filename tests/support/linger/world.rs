use std::collections::VecDeque;

use tower_weir::batch::Forming;

use super::{
    outcome::Outcome,
    policy::{Policy, timestamp},
    random::Random,
    scenario::Scenario,
    senders::Senders,
};

/// Who sends, what waits and what is under way, at one moment.
#[derive(Clone)]
pub(crate) struct World<'a> {
    scenario: &'a Scenario,
    pub(super) now: u64,
    senders: Senders,
    service: Random,
    /// When the items came that wait.
    waiting: VecDeque<u64>,
    calls: Vec<Call>,
    /// What was last said of the batch that could leave, if it is to wait.
    due: Option<u64>,
    /// When the timer ends that was set for it.
    timer: Option<u64>,
    /// What has been spent on waiting and being worked on, of all items together.
    pub(super) spent: f64,
    outcome: Outcome,
}

#[derive(Clone)]
struct Call {
    began: u64,
    ends: u64,
    /// When its items came.
    items: Vec<u64>,
}

/// Lets a scenario take its course.
pub(crate) fn play(scenario: &Scenario, seed: u64, policy: &mut dyn Policy) -> Outcome {
    let mut world = World::new(scenario, seed);
    while world.proceed(scenario.length, policy) {}
    world.outcome.ended(scenario.length - scenario.counts_from)
}

impl<'a> World<'a> {
    fn new(scenario: &'a Scenario, seed: u64) -> Self {
        let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self {
            scenario,
            now: 0,
            senders: Senders::new(&scenario.pattern, seed),
            service: Random::new(!seed),
            waiting: VecDeque::new(),
            calls: Vec::new(),
            due: None,
            timer: None,
            spent: 0.0,
            outcome: Outcome::default(),
        }
    }

    /// Another that begins with what there is now.
    pub(super) fn fork(&self) -> Self {
        let Self { scenario, now, due, timer, spent, .. } = *self;
        Self {
            scenario,
            now,
            senders: self.senders.clone(),
            service: self.service.clone(),
            waiting: self.waiting.clone(),
            calls: self.calls.clone(),
            due,
            timer,
            spent,
            outcome: Outcome::default(),
        }
    }

    pub(super) fn scenario(&self) -> &'a Scenario {
        self.scenario
    }

    /// How many items wait or are worked on.
    fn population(&self) -> usize {
        self.waiting.len() + self.calls.iter().map(|call| call.items.len()).sum::<usize>()
    }

    /// Lets the next thing happen; false if that is not before `end`.
    pub(super) fn proceed(&mut self, end: u64, policy: &mut dyn Policy) -> bool {
        let call = (0..self.calls.len()).min_by_key(|nth| self.calls[*nth].ends);
        let (comes, ends) =
            (self.senders.next_at(), call.map_or(u64::MAX, |nth| self.calls[nth].ends));
        let timer = self.timer.unwrap_or(u64::MAX);
        let next = comes.min(ends).min(timer);
        self.spent += (next.min(end) - self.now) as f64 * self.population() as f64;
        self.now = next.min(end);
        if next >= end {
            return false;
        }
        if timer == next {
            self.look(policy);
        } else if let (Some(nth), true) = (call, ends == next) {
            self.end(nth, policy);
            self.look(policy);
        } else if self.arrive(policy) {
            self.ask(policy);
        }
        true
    }

    fn counts(&self, came: u64) -> bool {
        came >= self.scenario.counts_from
    }

    /// Whether it is taken in.
    fn arrive(&mut self, policy: &mut dyn Policy) -> bool {
        self.senders.take();
        let refused = self.waiting.len() >= self.scenario.max_waiting;
        if self.counts(self.now) {
            self.outcome.offered(refused);
        }
        if refused {
            self.senders.answered(self.now);
        } else {
            self.waiting.push_back(self.now);
            policy.arrived(self.now);
        }
        !refused
    }

    fn end(&mut self, nth: usize, policy: &mut dyn Policy) {
        let call = self.calls.swap_remove(nth);
        policy.ended(call.items.len(), self.now - call.began);
        for came in call.items {
            if self.counts(came) {
                self.outcome.answered(came, self.now);
            }
            self.senders.answered(self.now);
        }
    }

    /// An item has come. If the batch is to leave no earlier than was said before, its timer stays.
    fn ask(&mut self, policy: &mut dyn Policy) {
        if !self.could_leave() {
            return;
        }
        let before = self.due;
        self.due = (self.waiting.len() < self.scenario.max_size)
            .then(|| policy.until(self, &self.forming()));
        if self.due.is_none() || before.is_none() || self.due < before {
            self.look(policy);
        }
    }

    /// Sends what is due, asks about what is not, and sets a timer.
    pub(super) fn look(&mut self, policy: &mut dyn Policy) {
        self.timer = None;
        while self.could_leave() {
            let timers = policy.timers();
            if self.waiting.len() < self.scenario.max_size {
                // What was said may have been said before a call ended.
                if self.due.is_none_or(|due| timers.wait(self.now, due).is_some()) {
                    self.due = Some(policy.until(self, &self.forming()));
                }
                self.timer = timers.wait(self.now, self.due.unwrap_or(self.now));
                if self.timer.is_some() {
                    return;
                }
            }
            self.send(policy);
            self.due = None;
        }
    }

    fn could_leave(&self) -> bool {
        self.calls.len() < self.scenario.max_in_flight && !self.waiting.is_empty()
    }

    fn forming(&self) -> Forming {
        let mut forming = Forming::new(self.scenario.max_size, timestamp(self.waiting[0]));
        forming.size = self.waiting.len();
        forming.idle = self.scenario.max_in_flight - self.calls.len();
        forming
    }

    fn send(&mut self, policy: &mut dyn Policy) {
        let size = self.waiting.len().min(self.scenario.max_size);
        let items: Vec<_> = self.waiting.drain(..size).collect();
        if self.counts(self.now) {
            self.outcome.sent();
        }
        policy.sent(size, self.now);
        let ends = self.now + self.scenario.cost.draw(size, &mut self.service);
        self.calls.push(Call { began: self.now, ends, items });
    }
}
