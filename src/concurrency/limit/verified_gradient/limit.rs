use std::time::Duration;

use super::{
    super::{
        Bounds, Limit, Sample,
        settings::{TOLERANCE_FAULT, checked_tolerance, is_tolerance},
    },
    experiment::Experiment,
    learn::FIRST,
    window::{Pace, Window},
};
use crate::{clock::Timestamp, error::ConfigError, verdict::Verdict};

/// Follows the queue that latency tells of, and verifies by throughput that there is one.
///
/// ```
/// use tower_weir::concurrency::{Bounds, VerifiedGradient};
///
/// const LIMIT: Bounds = Bounds::new(4, 20, 2_000);
/// let limit = VerifiedGradient::default().bounds(LIMIT).tolerance(1.5);
/// ```
///
/// The default of an adaptive limit. Nothing has to be known of the service: neither how much it can do, nor how fast it is.
/// It needs to see that requests take longer when too many are let in, and no more.
///
/// # How it works
///
/// Answers are gathered into windows: at least 64, over at least 20 ms and twice the latency of an empty service, or at least 8
/// in a second. What a window says is the mean logarithm of the latency *R* with its error, the rate *x* of answers, and
/// whether requests were turned away (2 % of those that were let in took the last place). A window counts from the first answer
/// to a request that was let in after the limit was set, since what comes before was under way with another. The base *b* is
/// the latency of an empty service as far as it is known; it falls with a window that is surely faster, as the mean logarithm
/// of so few latencies is often low by chance.
///
/// **While nothing is turned away**, the limit follows the most requests that were under way at half as many again, and at
/// least 14: enough for what chance brings, and little enough that a sudden load does not find ten times the room. It holds
/// still while latency is high: a queue that grows below the limit would raise it for ever. The base follows latency slowly.
///
/// **While it holds requests back**,
///
/// - it doubles until the first queue, in windows of 16 answers,
/// - and then follows it. By Little's law *x* (*R* − 1.2 *b*) requests wait longer than is tolerated; the limit moves to `limit
///   − waiting + 0.9 √limit`, where the root is room for the chance in arrivals and service times. The difference, not the
///   ratio of latencies as in the gradients of Netflix and Envoy, holds also where a request counts for longer than its
///   latency, as with bodies;
/// - of each change as much is taken as the error of the latency lets one believe, *z*² / (*z*² + 4) for a change of *z*
///   errors, so that a limit of five may change by a half or not at all.
///
/// **Shrinking is verified.** Once the limit is a fifth below where it began to shrink, throughput is compared. If there was a
/// queue it is the same. If it fell by more than half as much, in the logarithm, and by 1.5 errors, latency had moved: a
/// dependency is slower, and as many more must be under way. The base becomes the latency of now, and the limit goes back to
/// where it was; and if throughput does not come back with it, it had fallen for another reason, and both are reverted.
///
/// **The base is verified** after 4 s, and then ever more seldom, up to once a minute: for a short window of 16 answers the
/// limit is so low that nothing waits, at a quarter to a half, and the latency of that is the base. (Envoy's does so, at 3
/// requests at once.)
///
/// An answer that says [`Overload`](Verdict::Overload) takes a tenth off the limit, once a window. Only successes tell a
/// latency; the service has worked on client errors too, so they count for throughput. Failures count for neither: they are
/// often faster, or much slower, than the work.
///
/// # What each rule is worth
///
/// Simulated with 2, 16 and 128 workers, service times of 10 ms, and 8 seeds that nothing was tuned on: the score (goodput
/// of the ideal in %, less for late answers and needless refusals) with the rule and without, where it matters most. All of it
/// is in `scripts/bench overload`.
///
/// | without | scenario | with | without |
/// |---|---|---|---|
/// | verifying that there was a queue | latency 3 times as long at a load of 0.7, 128 workers | 99 | 55 |
/// | the same | latency 3 times as long at twice the load, 128 workers | 98 | 71 |
/// | reverting both if throughput stays low | capacity that comes and goes, 2 workers | 98 | 88 |
/// | measuring the base | service times with a heavy tail, 2 workers | 92 | 78 |
/// | the difference of latencies (but their ratio) | bodies that take long, 128 workers | 98 | 7 |
/// | the root of the limit | bodies that take long, 128 workers | 98 | 45 |
/// | doubling until the first queue | a cold start, 128 workers | 98 | 93 |
/// | believing a change by its error | half of the answers from a cache, 128 workers | 97 | 80 |
/// | a base that falls only when surely lower | on and off each second, 128 workers | 99 | 96 |
///
/// Where it falls short: with 2 workers a few answers are all there is to learn from, so service times of two kinds cost it
/// latency (a score of 70, with 93 % of the ideal answered in time), and a service that slows with each request too many does
/// 85 % of its best, where the best fixed limit gets 92. A latency that creeps up over many seconds is a queue to it until it
/// is verified.
#[derive(Clone, Debug)]
pub struct VerifiedGradient {
    bounds: Bounds,
    pub(super) tolerance: f64,
    pub(super) limit: f64,
    window: Window,
    pace: Pace,
    /// The logarithm of the latency of an empty service, in nanoseconds.
    pub(super) base: Option<f64>,
    /// The most requests that were under way while nothing was turned away; it fades.
    pub(super) peak: f64,
    /// There was no queue yet.
    pub(super) doubling: bool,
    pub(super) experiment: Option<Experiment>,
    /// When the next experiment is due, and how long after this one.
    pub(super) due: Duration,
    pub(super) pause: Duration,
    /// When the service last said that it has too much.
    overload: Option<Timestamp>,
}

impl Default for VerifiedGradient {
    /// From 2 to 100,000 requests at once, 4 at first; a tolerance of 1.2.
    fn default() -> Self {
        let bounds = Bounds::new(2, 4, 100_000);
        Self {
            bounds,
            tolerance: 1.2,
            limit: bounds.initial() as f64,
            window: Window::default(),
            pace: Pace { shortest: SHORTEST, hasty: true },
            base: None,
            peak: 0.0,
            doubling: true,
            experiment: None,
            due: FIRST,
            pause: FIRST,
            overload: None,
        }
    }
}

/// Windows last at least so many nanoseconds, and at least twice the base up to the longest.
const SHORTEST: u64 = 20_000_000;
const LONGEST: u64 = 1_000_000_000;
/// What an overload leaves of the limit, and how long there is none after it at least.
const KEPT: f64 = 0.9;
const ONCE: Duration = Duration::from_millis(100);

impl VerifiedGradient {
    /// Moves within `bounds`, and begins at their initial limit.
    ///
    /// The least should let a service answer something while it is hardly loaded; the most is a safeguard. A higher initial
    /// limit spares the first requests of a large service, and hurts a small one that starts under load.
    pub const fn bounds(mut self, bounds: Bounds) -> Self {
        self.limit = bounds.initial() as f64;
        self.bounds = bounds;
        self
    }

    /// Tolerates a latency of so many times that of an empty service: more gives more throughput, less gives less latency.
    ///
    /// # Panics
    ///
    /// Where [`VerifiedGradient::try_tolerance`] fails. In a `const` that is a compile error.
    pub const fn tolerance(mut self, times: f64) -> Self {
        assert!(is_tolerance(times), "{}", TOLERANCE_FAULT);
        self.tolerance = times;
        self
    }

    /// As [`VerifiedGradient::tolerance`], for a value that is not known to be right.
    ///
    /// # Errors
    ///
    /// If `times` is not from 1 to 100.
    pub fn try_tolerance(self, times: f64) -> Result<Self, ConfigError> {
        checked_tolerance(times).map(|times| self.tolerance(times))
    }

    /// Sets the limit, and begins a window.
    pub(super) fn set(&mut self, now: Timestamp, limit: f64) {
        let limit = self.bounds.clamp(limit);
        if limit as usize == self.limit as usize {
            self.window.proceed(now);
        } else {
            self.window.restart(now);
        }
        self.limit = limit;
        let base = self.base.unwrap_or(0.0);
        self.pace.shortest = ((2.0 * base.exp()) as u64).clamp(SHORTEST, LONGEST);
        // Where little is at stake, or each answer costs.
        self.pace.hasty =
            self.doubling || matches!(self.experiment, Some(Experiment::Lowered { .. }));
    }

    fn on_overload(&mut self, now: Timestamp) {
        let once = ONCE.max(Duration::from_nanos(self.pace.shortest));
        // Also if the clock went backwards.
        let is_due = |last| now < last || now.saturating_since(last) >= once;
        if !self.overload.is_none_or(is_due) {
            return;
        }
        self.overload = Some(now);
        self.doubling = false;
        if let Some(Experiment::Lowered { from }) = self.experiment {
            self.limit = from.limit;
        }
        self.experiment = None;
        self.set(now, KEPT * self.limit);
    }
}

impl Limit for VerifiedGradient {
    fn limit(&self) -> usize {
        self.limit as usize
    }

    #[inline]
    fn on_sample(&mut self, sample: &Sample) -> usize {
        self.window.add(sample, self.limit as usize, self.pace);
        if sample.verdict == Verdict::Overload {
            self.on_overload(sample.now);
        } else if let Some(seen) = self.window.seen(sample.now, self.pace) {
            self.learn(sample.now, &seen);
        }
        self.limit()
    }
}
