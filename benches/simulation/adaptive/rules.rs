//! Other rules for the multiplier than the crate's, to see what they would gain.

use tower_weir::rate_limit::{PolicyHandle, Window};

use crate::world::{Answer, SECOND, Steer};

/// Says which multiplier follows from what was seen in a second.
pub(crate) trait Rule {
    fn next(&mut self, multiplier: f64, seen: Seen) -> f64;
}

#[derive(Clone, Copy)]
pub(crate) struct Seen {
    outcomes: Window,
}

/// Does with a rule what the crate does with its own.
pub(crate) struct Judge {
    rule: Box<dyn Rule>,
    handle: PolicyHandle,
    multiplier: f64,
    seen: Seen,
    /// Requests from before this say nothing about the present multiplier.
    judged_from: u64,
}

const FLOOR: f64 = 0.1;
const THRESHOLD: f64 = 0.05;
const MIN_VOLUME: u64 = 20;

impl Judge {
    pub(crate) fn new(rule: Box<dyn Rule>, handle: PolicyHandle) -> Self {
        let seen = Seen { outcomes: Window::default() };
        Self { rule, handle, multiplier: 1.0, seen, judged_from: 0 }
    }
}

impl Steer for Judge {
    fn outcome(&mut self, Answer { started, good }: Answer) {
        let outcomes = &mut self.seen.outcomes;
        if started >= self.judged_from {
            *(if good { &mut outcomes.good } else { &mut outcomes.bad }) += 1;
        }
    }

    fn tick(&mut self, now: u64) {
        if !now.is_multiple_of(SECOND) {
            return;
        }
        let next = self.rule.next(self.multiplier, self.seen).clamp(FLOOR, 1.0);
        self.seen.outcomes = Window::default();
        if next < self.multiplier {
            self.judged_from = now;
        }
        self.multiplier = next;
        self.handle.set_multiplier(next).expect("it is a share");
    }

    fn multiplier(&self) -> f64 {
        self.multiplier
    }
}

impl Seen {
    fn volume(self) -> u64 {
        self.outcomes.good + self.outcomes.bad
    }

    /// The share of bad outcomes, if that is trouble.
    fn trouble(self) -> Option<f64> {
        let share = self.outcomes.bad as f64 / self.volume() as f64;
        (self.volume() >= MIN_VOLUME && share > THRESHOLD).then_some(share)
    }
}

/// Multiplies by a factor, or adds a step: what is commonly meant by additive increase and multiplicative decrease.
pub(crate) struct Plain(pub(crate) f64);

impl Rule for Plain {
    fn next(&mut self, multiplier: f64, seen: Seen) -> f64 {
        match seen.trouble() {
            Some(_) => multiplier * self.0,
            None => multiplier + 0.02,
        }
    }
}

/// Decreases by the share of bad outcomes, within bounds.
pub(crate) struct ByShare;

impl Rule for ByShare {
    fn next(&mut self, multiplier: f64, seen: Seen) -> f64 {
        match seen.trouble() {
            Some(bad) => multiplier * (1.0 - bad.clamp(0.1, 0.5)),
            None => multiplier + 0.02,
        }
    }
}
