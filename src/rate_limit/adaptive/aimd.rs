use std::time::Duration;

use super::settings::checked_period;
use crate::error::ConfigError;

/// How a multiplier follows the outcomes of requests: additive increase, multiplicative decrease, and a quick return to what
/// was known to be well.
///
/// ```
/// use std::time::Duration;
/// use tower_weir::rate_limit::{Aimd, Course, Window};
///
/// let aimd = Aimd::default().latency_target(Duration::from_millis(250));
/// let outcomes = |good, bad| Window { good, bad, open: 0 };
/// let mut course = Course::default();
/// let mut follow = |seen| {
///     course = aimd.next(course, 0.1, seen);
///     (course.multiplier() * 1_000.0).round() / 1_000.0
/// };
/// assert_eq!(follow(outcomes(60, 40)), 0.6); // falls by the bad share
/// assert_eq!(follow(outcomes(60, 40)), 0.6); // these were still in the backlog
/// assert_eq!(follow(outcomes(60, 0)), 0.775); // halfway back to 0.95 of what was too much
/// ```
///
/// Once in each interval:
///
/// - **More bad outcomes than the threshold**: the multiplier falls by their share, at least by a tenth and at most by what
///   [`decrease`](Aimd::decrease) says. What it was becomes the knee. (A service that can do half of what is asked has half
///   of its answers bad, and should be asked for half.)
/// - **The interval after that** is not judged: what comes out of the backlog then says nothing of the new multiplier.
/// - **Otherwise** it rises: halfway to 0.95 of the knee, as TCP's CUBIC returns to its last maximum, and from there by the
///   [`increase`](Aimd::increase); beyond the knee by steps that grow to five times that.
/// - **Fewer outcomes than the minimum volume** are no verdict: it stays while many requests are under way, whose outcomes
///   count when they are known, and rises when there are few, since otherwise a limit that lets few requests pass could
///   never leave its floor.
///
/// Bad are statuses of 500 and above, the gRPC codes `UNAVAILABLE`, `RESOURCE_EXHAUSTED` and `DEADLINE_EXCEEDED`, errors of
/// the inner service, and responses whose head takes longer than the latency target, if one is set. **Set one**: a request
/// that hangs is bad as soon as it is late, not when it ends. Outcomes of requests from before the last decrease are left
/// out. (Chiu and Jain, 1989, show why increase must be additive and decrease multiplicative for many sources to converge;
/// the simulation `scripts/bench adaptive` shows what each of the other rules is worth.)
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aimd {
    pub(super) interval: Duration,
    threshold: f64,
    min_volume: u32,
    decrease: f64,
    increase: f64,
    pub(super) latency_target: Option<Duration>,
}

/// Where a multiplier stands, and what it has been through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Course {
    multiplier: f64,
    /// What last brought trouble.
    knee: f64,
    /// How far the next step goes beyond the knee.
    step: f64,
    /// The backlog of what brought trouble is still coming out.
    draining: bool,
}

impl Default for Course {
    /// At 1, without trouble so far.
    fn default() -> Self {
        Self { multiplier: 1.0, knee: 1.0, step: 0.0, draining: false }
    }
}

impl Course {
    /// The multiplier now.
    pub const fn multiplier(&self) -> f64 {
        self.multiplier
    }

    /// Whether a decrease was just made.
    pub(super) const fn is_draining(&self) -> bool {
        self.draining
    }
}

/// A decrease takes this share at least: that of the threshold would not be worth an interval.
const LEAST_DECREASE: f64 = 0.1;
/// What is known to be well, as a share of the knee.
const SAFE: f64 = 0.95;
/// Steps beyond the knee grow by this factor,
const GROWTH: f64 = 1.5;
/// and up to so many times the increase.
const MOST_STEPS: f64 = 5.0;

/// The outcomes of one interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// How many were good.
    pub good: u64,
    /// How many were bad.
    pub bad: u64,
    /// How many are not known yet: requests that are under way.
    pub open: u64,
}

impl Default for Aimd {
    /// An interval of 1 s, a threshold of 5 %, a minimum volume of 20, decreases of up to 0.7, increases of 0.01, and no
    /// latency target.
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(1),
            threshold: 0.05,
            min_volume: 20,
            decrease: 0.7,
            increase: 0.01,
            latency_target: None,
        }
    }
}

impl Aimd {
    /// Also counts a response as bad whose head comes later than `target` after its request.
    pub const fn latency_target(mut self, target: Duration) -> Self {
        self.latency_target = Some(target);
        self
    }

    /// Judges so often.
    ///
    /// # Errors
    ///
    /// If `interval` is not between 10 ms and an hour.
    pub fn interval(mut self, interval: Duration) -> Result<Self, ConfigError> {
        self.interval = checked_period("control interval", interval)?;
        Ok(self)
    }

    /// Tolerates this share of bad outcomes.
    ///
    /// # Errors
    ///
    /// If `share` is not at least 0 and less than 1.
    pub fn threshold(mut self, share: f64) -> Result<Self, ConfigError> {
        if !(0.0..1.0).contains(&share) {
            let value = share.to_string();
            return Err(ConfigError::new("threshold of bad outcomes", value, "0 to less than 1"));
        }
        self.threshold = share;
        Ok(self)
    }

    /// Judges no interval with fewer outcomes than this.
    pub const fn min_volume(mut self, outcomes: u32) -> Self {
        self.min_volume = outcomes;
        self
    }

    /// Takes at most this share off at a time, however many outcomes are bad.
    ///
    /// # Errors
    ///
    /// If `most` is not at least 0.1 and less than 1.
    pub fn decrease(mut self, most: f64) -> Result<Self, ConfigError> {
        if !(LEAST_DECREASE..1.0).contains(&most) {
            return Err(ConfigError::new(
                "decrease",
                most.to_string(),
                "a share from 0.1 to less than 1",
            ));
        }
        self.decrease = most;
        Ok(self)
    }

    /// Adds this in each interval.
    ///
    /// # Errors
    ///
    /// If `step` is not more than 0 and at most 1.
    pub fn increase(mut self, step: f64) -> Result<Self, ConfigError> {
        if !(step > 0.0 && step <= 1.0) {
            let value = step.to_string();
            return Err(ConfigError::new("increase", value, "more than 0, at most 1"));
        }
        self.increase = step;
        Ok(self)
    }

    /// The course after an interval with such outcomes. The multiplier is never below `floor`.
    pub fn next(&self, course: Course, floor: f64, outcomes: Window) -> Course {
        let volume = outcomes.good + outcomes.bad;
        if course.draining {
            return Course { draining: false, ..course };
        }
        if self.is_open(outcomes) {
            return course;
        }
        let share = outcomes.bad as f64 / volume.max(1) as f64;
        if volume >= self.enough() && share > self.threshold {
            let kept = 1.0 - share.max(LEAST_DECREASE).min(self.decrease);
            let multiplier = (course.multiplier * kept).max(floor);
            return Course { multiplier, knee: course.multiplier, step: 0.0, draining: true };
        }
        self.recovered(course, 1)
    }

    /// The course after so many intervals without trouble.
    pub(super) fn recovered(&self, mut course: Course, intervals: u64) -> Course {
        // More than enough from any floor to 1.
        for _ in 0..intervals.min(1_000) {
            let safe = SAFE * course.knee;
            let step = if course.multiplier < safe {
                (0.5 * (safe - course.multiplier)).max(self.increase)
            } else {
                let step = course.step.max(self.increase);
                if course.multiplier > course.knee {
                    course.step = (GROWTH * step).min(MOST_STEPS * self.increase);
                }
                step
            };
            course.multiplier = (course.multiplier + step).min(1.0);
        }
        course
    }

    fn enough(&self) -> u64 {
        self.min_volume.max(1).into()
    }

    /// Whether too little is known for a verdict, and more will be.
    pub(super) fn is_open(&self, Window { good, bad, open }: Window) -> bool {
        good + bad < self.enough() && good + bad + open >= self.enough()
    }
}
