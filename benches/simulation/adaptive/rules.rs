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
    /// How many admitted requests have no outcome yet.
    pending: u64,
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
        let seen = Seen { outcomes: Window::default(), pending: 0 };
        Self { rule, handle, multiplier: 1.0, seen, judged_from: 0 }
    }
}

impl Steer for Judge {
    fn admitted(&mut self) {
        self.seen.pending += 1;
    }

    fn outcome(&mut self, Answer { started, good }: Answer) {
        let Seen { outcomes, pending } = &mut self.seen;
        *pending -= 1;
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

    /// Whether the outcomes that would tell are still to come.
    fn is_open(self) -> bool {
        self.volume() < MIN_VOLUME && self.pending >= MIN_VOLUME
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

/// The same, but lets the backlog drain for a second after a decrease, and waits for outcomes that are still to come.
#[derive(Default)]
pub(crate) struct Pausing {
    draining: bool,
}

impl Rule for Pausing {
    fn next(&mut self, multiplier: f64, seen: Seen) -> f64 {
        if std::mem::take(&mut self.draining) {
            // Less by next to nothing: who came meanwhile says nothing either.
            return multiplier.next_down();
        }
        if seen.is_open() {
            return multiplier;
        }
        let next = ByShare.next(multiplier, seen);
        self.draining = next < multiplier;
        next
    }
}

/// Pauses too, and comes back soon to a little less than what brought trouble. Feels its way from there, and faster the
/// longer nothing happens.
#[derive(Default)]
pub(crate) struct Returning {
    /// What last brought trouble.
    knee: f64,
    draining: bool,
    step: f64,
}

impl Rule for Returning {
    fn next(&mut self, multiplier: f64, seen: Seen) -> f64 {
        const LEAST_STEP: f64 = 0.01;
        const MOST_STEP: f64 = 0.05;
        if std::mem::take(&mut self.draining) {
            return multiplier.next_down();
        }
        if seen.is_open() {
            return multiplier;
        }
        if let Some(bad) = seen.trouble() {
            *self = Self { knee: multiplier, draining: true, step: LEAST_STEP };
            return multiplier * (1.0 - bad.clamp(0.1, 0.7));
        }
        let safe = 0.95 * self.knee;
        if multiplier < safe {
            return multiplier + (0.5 * (safe - multiplier)).max(LEAST_STEP);
        }
        let step = self.step.max(LEAST_STEP);
        if multiplier > self.knee {
            self.step = (1.5 * step).min(MOST_STEP);
        }
        multiplier + step
    }
}
