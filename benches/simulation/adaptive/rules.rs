//! Other rules for the multiplier than the crate's, to see what they would gain.

use tower_weir::rate_limit::{PolicyHandle, Window};

use crate::world::{Answer, SECOND, Steer};

/// Says which multiplier follows from the outcomes of a second.
pub(crate) trait Rule {
    fn next(&mut self, multiplier: f64, outcomes: Window) -> f64;
}

/// Does with a rule what the crate does with its own.
pub(crate) struct Judge {
    rule: Box<dyn Rule>,
    handle: PolicyHandle,
    multiplier: f64,
    outcomes: Window,
    /// Requests from before this say nothing about the present multiplier.
    judged_from: u64,
}

const FLOOR: f64 = 0.1;
const THRESHOLD: f64 = 0.05;
const MIN_VOLUME: u64 = 20;

impl Judge {
    pub(crate) fn new(rule: Box<dyn Rule>, handle: PolicyHandle) -> Self {
        Self { rule, handle, multiplier: 1.0, outcomes: Window::default(), judged_from: 0 }
    }
}

impl Steer for Judge {
    fn outcome(&mut self, Answer { started, good }: Answer) {
        if started >= self.judged_from {
            *(if good { &mut self.outcomes.good } else { &mut self.outcomes.bad }) += 1;
        }
    }

    fn tick(&mut self, now: u64) {
        if !now.is_multiple_of(SECOND) {
            return;
        }
        let outcomes = std::mem::take(&mut self.outcomes);
        let next = self.rule.next(self.multiplier, outcomes).clamp(FLOOR, 1.0);
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

/// The share of bad outcomes, if that is trouble.
fn trouble(outcomes: Window) -> Option<f64> {
    let volume = outcomes.good + outcomes.bad;
    let share = outcomes.bad as f64 / volume as f64;
    (volume >= MIN_VOLUME && share > THRESHOLD).then_some(share)
}

/// Decreases by the share of bad outcomes, within bounds.
pub(crate) struct ByShare;

impl Rule for ByShare {
    fn next(&mut self, multiplier: f64, outcomes: Window) -> f64 {
        match trouble(outcomes) {
            Some(bad) => multiplier * (1.0 - bad.clamp(0.1, 0.5)),
            None => multiplier + 0.02,
        }
    }
}

/// Decreases by the share of bad outcomes, then lets the backlog drain for a second. Comes back soon to a little less than
/// what brought trouble, feels its way from there, and faster the longer nothing happens.
#[derive(Default)]
pub(crate) struct Returning {
    /// What last brought trouble.
    knee: f64,
    draining: bool,
    step: f64,
}

impl Returning {
    const STEPS: (f64, f64) = (0.01, 0.05);
}

impl Rule for Returning {
    fn next(&mut self, multiplier: f64, outcomes: Window) -> f64 {
        if std::mem::take(&mut self.draining) {
            // Less by next to nothing: who came meanwhile says nothing either.
            return multiplier.next_down();
        }
        let (least, most) = Self::STEPS;
        if let Some(bad) = trouble(outcomes) {
            *self = Self { knee: multiplier, draining: true, step: least };
            return multiplier * (1.0 - bad.clamp(0.2, 0.7));
        }
        let safe = 0.95 * self.knee;
        if multiplier < safe {
            return multiplier + (0.5 * (safe - multiplier)).max(least);
        }
        let step = self.step.max(least);
        if multiplier > self.knee {
            self.step = (1.5 * step).min(most);
        }
        multiplier + step
    }
}
