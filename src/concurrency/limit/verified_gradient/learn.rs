use std::time::Duration;

use super::{
    experiment::{Experiment, Point, SURE},
    limit::VerifiedGradient,
    window::Seen,
};
use crate::clock::Timestamp;

/// Requests are turned away if at least this share of those that are let in take the last place.
const LIMITED: f64 = 0.02;

/// How far the limit is above the most requests that were under way while nothing was turned away, at most,
const SPARE: f64 = 1.5;
/// and at least: two workers at 0.7 of what they can do have as many under way once in some thousands of requests.
const ENOUGH: f64 = 14.0;
/// In how many seconds that most fades, and the base follows a latency that went up a little.
const FADES: f64 = 10.0;

/// Grows by this factor until the first queue, and by at most this once there was one.
const DOUBLING: f64 = 2.0;
const FASTEST: f64 = 1.5;
/// Keeps at least this share at a time.
const LEAST_KEPT: f64 = 0.4;
/// Requests that may wait, as a multiple of the root of the limit: arrivals and service times vary by as much.
const HEADROOM: f64 = 0.9;
/// How many of its errors a latency may be too high before it counts.
const DOUBT: f64 = 0.25;
/// A change that is so many times its error is half believed.
const HALF_BELIEVED: f64 = 2.0;

/// Limits whose logarithms are so far apart can be compared.
const APART: f64 = 0.2;
/// For an experiment the limit is lowered to this share at most, and this one at least.
const LOWER: f64 = 0.5;
const LOWEST: f64 = 0.25;
/// The first experiment comes so long after the last news, and each after twice as long as the one before, up to the last.
pub(super) const FIRST: Duration = Duration::from_secs(4);
const SELDOM: Duration = Duration::from_secs(60);

impl VerifiedGradient {
    /// Learns from a window.
    pub(super) fn learn(&mut self, now: Timestamp, seen: &Seen) {
        self.peak *= (-seen.elapsed.as_secs_f64() / FADES).exp();
        let base = *self.base.get_or_insert(seen.log);
        if seen.reached < LIMITED {
            self.spare(now, seen, base);
            return;
        }
        let here = Point::new(self.limit, seen);
        match self.experiment {
            Some(Experiment::Lowered { from }) => self.lowered(now, seen, from, base),
            Some(Experiment::Restored { least, base }) if here.gained_over(least) < 0.0 => {
                self.experiment = None;
                self.base = Some(base);
                self.set(now, least.limit);
            }
            Some(Experiment::Restored { .. }) => {
                self.experiment = None;
                self.follow(now, seen, here, base);
            }
            Some(Experiment::Shrinking { .. }) | None => self.follow(now, seen, here, base),
        }
    }

    /// Nothing was turned away: the limit follows what is under way, at a distance.
    fn spare(&mut self, now: Timestamp, seen: &Seen, base: f64) {
        if let Some(Experiment::Lowered { from }) = self.experiment {
            self.limit = from.limit;
        }
        self.experiment = None;
        if seen.log - base > self.tolerance.ln() + 2.0 * seen.error {
            // A queue grows below the limit, which must not run away from it.
            self.set(now, self.limit);
            return;
        }
        self.doubling = true;
        self.peak = self.peak.max(seen.peak as f64);
        let elapsed = seen.elapsed.as_secs_f64();
        let share = if seen.log < base {
            believed(seen.log - base, seen.error)
        } else {
            1.0 - (-elapsed / FADES).exp()
        };
        self.base = Some(base + share * (seen.log - base));
        let most = (SPARE * self.peak).max(ENOUGH);
        let next = if self.limit > most {
            (self.limit * (-elapsed).exp()).max(most)
        } else if self.peak > 0.5 * self.limit {
            (1.2 * self.limit).min(most)
        } else {
            self.limit
        };
        self.set(now, next);
    }

    /// The limit holds requests back: it follows the queue.
    fn follow(&mut self, now: Timestamp, seen: &Seen, here: Point, base: f64) {
        let base = if seen.log < base {
            base + believed(seen.log - base, seen.error) * (seen.log - base)
        } else {
            base
        };
        self.base = Some(base);
        let change = (self.target(seen, here, base) / self.limit).ln();
        // By how much it would be off if the latency is.
        let error = seen.error * (here.rate * here.rtt / self.limit).min(1.0);
        if change < -2.0 * error {
            self.doubling = false;
        }
        let ratio = change / error;
        let share = if self.doubling {
            1.0
        } else {
            square(ratio) / (square(ratio) + square(HALF_BELIEVED))
        };
        let next = self.limit * (share * change).exp();
        match self.experiment {
            Some(Experiment::Shrinking { from }) => {
                let above = from.above(here);
                let gained = from.gained_over(here);
                if above > APART && gained > SURE {
                    self.restore(now, seen, from, here, base);
                    return;
                }
                if above <= -0.1 || (above > APART && gained < -SURE) {
                    self.experiment = None;
                }
            }
            _ if change < 0.0 => self.experiment = Some(Experiment::Shrinking { from: here }),
            _ => {}
        }
        self.due = self.due.saturating_sub(seen.elapsed);
        if self.due.is_zero() {
            self.lower(now, here, base);
        } else {
            self.set(now, next);
        }
    }

    /// What the limit should be by this window.
    fn target(&self, seen: &Seen, here: Point, base: f64) -> f64 {
        let surely = here.rtt * (-DOUBT * seen.error).exp();
        // Little's law: as many wait as come in the time for which they wait.
        let waiting = here.rate * (surely - self.tolerance * base.exp());
        if self.doubling && waiting <= 0.0 {
            return DOUBLING * self.limit;
        }
        let target = self.limit - waiting + HEADROOM * self.limit.sqrt();
        target.clamp(LEAST_KEPT * self.limit, FASTEST * self.limit)
    }

    /// Less was done since the limit shrank: the latency had moved, there was no queue.
    fn restore(&mut self, now: Timestamp, seen: &Seen, from: Point, here: Point, base: f64) {
        self.experiment = Some(Experiment::Restored { least: here, base });
        self.base = Some(seen.log);
        self.experiment_soon();
        self.set(now, 1.05 * from.limit);
    }

    /// Lowers the limit far enough that nothing waits, if half of the base is right.
    fn lower(&mut self, now: Timestamp, from: Point, base: f64) {
        self.experiment = Some(Experiment::Lowered { from });
        let waiting = from.rate * (from.rtt - 0.5 * base.exp());
        self.set(now, (from.limit - waiting).clamp(LOWEST * from.limit, LOWER * from.limit));
    }

    fn lowered(&mut self, now: Timestamp, seen: &Seen, from: Point, base: f64) {
        self.experiment = None;
        let known = base + believed(seen.log - base, seen.error) * (seen.log - base);
        self.base = Some(known);
        if known < base - 0.1 {
            // It was far off, and may still be.
            self.experiment_soon();
        } else {
            self.pause = (2 * self.pause).min(SELDOM);
            self.due = self.pause;
        }
        self.set(now, from.limit * (known - base).exp().min(1.0));
    }

    fn experiment_soon(&mut self) {
        (self.pause, self.due) = (FIRST, FIRST);
    }
}

/// The share of a change of the base to take. It is steep, as the base must not creep down with each latency that happens to
/// be low.
fn believed(change: f64, error: f64) -> f64 {
    let fourth = square(square(change / error));
    fourth / (fourth + square(square(HALF_BELIEVED)))
}

fn square(number: f64) -> f64 {
    number * number
}
