use std::time::Duration;

use super::super::Sample;
use crate::{
    clock::{Timestamp, nanos},
    verdict::Verdict,
};

/// The answers that came while the limit was the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    /// When the limit was set.
    since: Timestamp,
    /// When the first answer came to a request that was let in after that: what comes before was under way with another limit.
    begun: Option<Timestamp>,
    last: Timestamp,
    /// Requests on which the service worked to the end.
    answers: u32,
    /// Those whose latency says something, and the sums of its logarithm in nanoseconds and of the square of that.
    latencies: u32,
    sum: f64,
    squares: f64,
    /// How many found the limit reached.
    reached: u32,
    /// The most requests that were under way.
    peak: usize,
}

/// What a window says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) elapsed: Duration,
    pub(super) answers: f64,
    /// Answers in a nanosecond.
    pub(super) rate: f64,
    /// The mean logarithm of the latency in nanoseconds.
    pub(super) log: f64,
    /// How far that may be off: somewhat more than its standard error, as latencies that wait in one queue are alike.
    pub(super) error: f64,
    /// The share of requests that found the limit reached.
    pub(super) reached: f64,
    pub(super) peak: usize,
}

/// When a window has seen enough.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// It is at least so many nanoseconds long.
    pub(super) shortest: u64,
    /// A few answers are enough.
    pub(super) hasty: bool,
}

/// So many latencies are enough,
const ENOUGH: u32 = 64;
/// in haste so many,
const FEW: u32 = 16;
/// and after [`LONGEST`] so many.
const LEAST: u32 = 8;
const LONGEST: u64 = 1_000_000_000;

/// So many times the shortest window, and at least [`PAUSE`], without an answer is a pause, and what was before is of another
/// time.
const PAUSES: u64 = 2;
const PAUSE: u64 = 100_000_000;

/// As a multiple of the standard error of as many latencies that have nothing to do with each other.
const ALIKE: f64 = 1.5;

impl Window {
    /// Begins anew, with a limit that is set now.
    pub(super) fn restart(&mut self, now: Timestamp) {
        *self = Self { since: now, ..Self::default() };
    }

    /// Begins anew, with the limit as before.
    pub(super) fn proceed(&mut self, now: Timestamp) {
        *self = Self { since: self.since, begun: Some(now), last: now, ..Self::default() };
    }

    /// Adds an answer.
    #[inline]
    pub(super) fn add(&mut self, sample: &Sample, limit: usize, pace: Pace) {
        let now = sample.now;
        if now < self.since {
            // The clock went backwards.
            self.restart(now);
        }
        self.peak = self.peak.max(sample.in_flight);
        let Some(begun) = self.begun else {
            let let_in = now.as_nanos().saturating_sub(nanos(sample.rtt));
            if let_in >= self.since.as_nanos() {
                (self.begun, self.last) = (Some(now), now);
            }
            return;
        };
        let pause = since(now, self.last) > PAUSE.max(PAUSES * pace.shortest);
        if now < begun || pause {
            self.proceed(now);
        }
        self.last = now;
        let latency = match sample.verdict {
            Verdict::Success => true,
            Verdict::ClientError => false,
            Verdict::Failure | Verdict::Overload | Verdict::Ignored => return,
        };
        self.answers = self.answers.saturating_add(1);
        self.reached = self.reached.saturating_add(u32::from(sample.in_flight >= limit));
        if latency {
            let log = (nanos(sample.rtt).max(1) as f64).ln();
            self.latencies = self.latencies.saturating_add(1);
            self.sum += log;
            self.squares += log * log;
        }
    }

    /// What it says, if that is enough.
    #[inline]
    pub(super) fn seen(&self, now: Timestamp, pace: Pace) -> Option<Seen> {
        let elapsed = since(now, self.begun?);
        if elapsed < pace.shortest || self.latencies < LEAST {
            return None;
        }
        let enough = if pace.hasty { FEW } else { ENOUGH };
        let enough = self.latencies >= enough || elapsed >= LONGEST;
        enough.then(|| self.sum_up(elapsed))
    }

    #[cold]
    fn sum_up(&self, elapsed: u64) -> Seen {
        let latencies = f64::from(self.latencies);
        let answers = f64::from(self.answers.max(1));
        let log = self.sum / latencies;
        // However alike they are, nothing is known exactly.
        let variance = (self.squares / latencies - log * log).max(0.01);
        Seen {
            elapsed: Duration::from_nanos(elapsed),
            answers,
            rate: answers / elapsed.max(1) as f64,
            log,
            error: ALIKE * (variance / latencies).sqrt(),
            reached: f64::from(self.reached) / answers,
            peak: self.peak,
        }
    }
}

/// Nanoseconds; zero if the clock went backwards.
fn since(now: Timestamp, earlier: Timestamp) -> u64 {
    now.as_nanos().saturating_sub(earlier.as_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { shortest: 20_000_000, hasty: false };

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_nanos(1_000_000 * millis)
    }

    fn sample(now: u64, rtt: u64, verdict: Verdict) -> Sample {
        Sample { now: at(now), rtt: Duration::from_millis(rtt), in_flight: 3, verdict }
    }

    /// One answer in a millisecond, each after 10 ms.
    fn filled(answers: u64, verdict: Verdict) -> Window {
        let mut window = Window::default();
        for nth in 0..=answers {
            window.add(&sample(100 + nth, 10, verdict), 3, PACE);
        }
        window
    }

    #[test]
    fn tells_rate_and_latency_when_it_has_seen_enough() {
        assert!(filled(63, Verdict::Success).seen(at(163), PACE).is_none());
        let seen = filled(64, Verdict::Success).seen(at(164), PACE).unwrap();
        assert!((seen.log.exp() / 1e7 - 1.0).abs() < 1e-9);
        assert!((seen.rate * 1e6 - 1.0).abs() < 1e-9, "one in a millisecond: {seen:?}");
        assert!((seen.reached - 1.0).abs() < 1e-9);
        assert_eq!(seen.peak, 3);
    }

    #[test]
    fn a_few_are_enough_in_haste_or_late() {
        let window = filled(16, Verdict::Success);
        let hasty = Pace { hasty: true, ..PACE };
        assert!(window.seen(at(119), hasty).is_none(), "too short");
        assert!(window.seen(at(120), PACE).is_none(), "no haste");
        assert!(window.seen(at(120), hasty).is_some());
        assert!(window.seen(at(1_100), PACE).is_some(), "late");
    }

    #[test]
    fn only_successes_tell_a_latency() {
        for verdict in [Verdict::Failure, Verdict::Overload, Verdict::Ignored] {
            let window = filled(100, verdict);
            assert_eq!((window.answers, window.latencies), (0, 0));
            assert!(window.seen(at(2_000), PACE).is_none());
        }
        let window = filled(100, Verdict::ClientError);
        assert_eq!((window.answers, window.latencies), (100, 0));
    }

    #[test]
    fn begins_with_a_request_that_the_limit_let_in() {
        let mut window = Window::default();
        window.restart(at(95));
        window.add(&sample(100, 10, Verdict::Success), 3, PACE);
        assert_eq!(window.begun, None, "it came at 90 ms");
        window.add(&sample(106, 10, Verdict::Success), 3, PACE);
        assert_eq!(window.begun, Some(at(106)));
    }

    #[test]
    fn a_pause_and_a_clock_that_goes_back_begin_it_anew() {
        let mut window = filled(30, Verdict::Success);
        window.add(&sample(300, 10, Verdict::Success), 3, PACE);
        assert_eq!(window.latencies, 1);
        window.add(&sample(50, 10, Verdict::Success), 3, PACE);
        assert_eq!((window.latencies, window.begun), (1, Some(at(50))));
        window.restart(at(100));
        window.add(&sample(60, 1, Verdict::Success), 3, PACE);
        assert_eq!(window.since, at(60));
    }
}
