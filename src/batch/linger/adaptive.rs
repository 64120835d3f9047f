use std::time::Duration;

use super::{Forming, Linger, forecast::Forecast, line::Line, under_way::UnderWay};
use crate::clock::Timestamp;

/// Waits for more items as long as that saves more time than it costs.
///
/// ```
/// use std::time::Duration;
/// use tower_weir::batch::{Adaptive, BatchLayer};
///
/// let layer: BatchLayer<u64> = BatchLayer::new().linger(Adaptive::new(Duration::from_millis(2)));
/// ```
///
/// It learns how long calls take by the size of the batch, and how many items come within an eighth, a quarter, a half and all
/// of the cap after a batch could leave. A batch leaves at once
///
/// - as long as nothing is known,
/// - if another call could begin besides: whoever comes next does not have to wait,
/// - if what is expected does not make up for the delay, as when items come one by one with pauses between them.
///
/// If it would take the last call that could begin, all who come after it wait until one ends. When a batch of `n` items waits
/// for a time `w` within which `k` more are expected, and the next call will end after `r`, then `k` items are sent `r - w`
/// earlier, and `n` are answered later by `w` and by what the call takes for `k` items more. It waits if the sum of the former,
/// times 1.3, is greater, for that one of the four times for which it is by most; and leaves as soon as all who were expected
/// have come. The delay counts half a millisecond more, as timers end with a whole one, unless the batch will be full before.
///
/// So it collects bursts, and the requests of clients who all got their answers from one batch, without a wait for those who
/// will not come; and at a steady load it keeps the calls apart, so that they do not begin one just after the other. While no
/// call can begin nothing is to be decided: what comes meanwhile leaves together.
///
/// That a short wait may be worth it only if it is derived from the rate of arrivals and the cost of a call, and that nothing
/// is to be waited for at a low load, is known from committing transactions in groups (P. Helland et al., "Group Commit Timers
/// and High Volume Transaction Systems", HPTS 1987), and from serving models in batches (D. Crankshaw et al., "Clipper: A
/// Low-Latency Online Prediction Serving System", NSDI 2017, section 4.3). How it compares with fixed lingers is simulated by
/// `scripts/bench linger`.
///
/// With [partitions](super::super::BatchLayer::partition_by) each batch that is forming is taken to get an equal share of what
/// comes.
#[derive(Clone, Debug)]
pub struct Adaptive {
    cap: Duration,
    line: Line,
    under_way: UnderWay,
    /// By what happened when the batch could leave, and for each of the waits.
    forecasts: [[Forecast; WAITS]; 2],
    plan: Option<Plan>,
}

/// How many lengths of a wait are weighed: the cap, and always half of the one before.
const WAITS: usize = 4;

/// By how much a timer is late, on average, in seconds: tokio's count milliseconds.
const LATE: f64 = 0.5e-3;

/// Of the mean time of a call, what one takes at least that is late already.
const OVERDUE: f64 = 0.3;

/// What time counts that is not spent on waiting for a call to end. Those few who wait for so long are the slowest of all, and
/// there are some who come after the wait that is weighed.
const SAVED: f64 = 1.3;

/// What was decided about a batch when it could leave.
#[derive(Clone, Copy, Debug)]
struct Plan {
    /// When its first item came, by which it is known again.
    since: Timestamp,
    /// When it could leave at first: from when on the cap counts.
    could_leave: Timestamp,
    idle: usize,
    until: Timestamp,
    /// With how many items it leaves.
    size: f64,
}

impl Adaptive {
    /// Lets no batch that could leave wait for longer than `cap`.
    ///
    /// It counts from when the first item came, or, if no call could begin then, from when one could.
    pub const fn new(cap: Duration) -> Self {
        Self {
            cap,
            line: Line::UNKNOWN,
            under_way: UnderWay::NONE,
            forecasts: [[Forecast::NOTHING; WAITS]; 2],
            plan: None,
        }
    }

    fn wait(&self, nth: usize) -> Duration {
        self.cap / (1 << (WAITS - 1 - nth))
    }

    /// What usually follows when a batch could leave that has just been begun, or that has waited for a call to end, as this
    /// one.
    fn forecasts(&mut self, forming: &Forming, now: Timestamp) -> &mut [Forecast; WAITS] {
        &mut self.forecasts[usize::from(forming.since != now)]
    }

    fn plan(&mut self, forming: &Forming, now: Timestamp) -> Plan {
        let before = self.plan.filter(|plan| plan.since == forming.since);
        let could_leave = match before {
            Some(plan) => plan.could_leave,
            // Only the last plan is remembered. Of many batches that wait side by side each would be asked about anew.
            None if forming.partitions > 1 => forming.since,
            None => now,
        };
        for nth in 0..WAITS {
            let within = self.wait(nth);
            self.forecasts(forming, now)[nth].begin(within, now);
        }
        let (size, partitions) = (forming.size as f64, forming.partitions.max(1) as f64);
        let mut plan =
            Plan { since: forming.since, could_leave, idle: forming.idle, until: now, size };
        let Some(takes) = self.line.at(size).filter(|_| forming.idle == 1) else { return plan };
        let mean = self.line.mean();
        let rest = |gone: f64| (mean - gone).max(OVERDUE * mean);
        let free = self.under_way.oldest(now).map_or(takes, |gone| rest(gone).min(takes));
        let room = forming.max_size.saturating_sub(forming.size) as f64;
        let mut most = 0.0;
        for nth in 0..WAITS {
            let (wait, forecast) = (self.wait(nth), self.forecasts(forming, now)[nth]);
            let expected = forecast.more() / partitions;
            // If more are expected than there is room for, it will be full before.
            let (more, delay) = if expected > room {
                (room, wait.as_secs_f64() * room / expected)
            } else {
                (expected, wait.as_secs_f64() + LATE)
            };
            let saved = more * (free - delay.min(wait.as_secs_f64()));
            let gain = SAVED * saved - size * (delay + self.line.each() * more);
            if gain > most {
                most = gain;
                plan.until = could_leave.saturating_add(wait);
                // Somewhat more than are expected: to leave without the last costs it far more than the others wait.
                plan.size = (size + more + 0.5 * forecast.deviation() / partitions).round();
            }
        }
        plan
    }
}

impl Default for Adaptive {
    /// A cap of 5 ms.
    fn default() -> Self {
        Self::new(Duration::from_millis(5))
    }
}

impl Linger for Adaptive {
    fn until(&mut self, forming: &Forming, now: Timestamp) -> Timestamp {
        self.under_way.could_begin(forming.idle);
        let known = |plan: &Plan| plan.since == forming.since && plan.idle >= forming.idle;
        let plan = match self.plan.filter(known) {
            Some(plan) => plan,
            None => self.plan(forming, now),
        };
        self.plan = Some(plan);
        if forming.size as f64 >= plan.size {
            return now;
        }
        // The latter if the clock went backwards.
        plan.until.min(now.saturating_add(self.cap))
    }

    fn arrived(&mut self, now: Timestamp) {
        for nth in 0..WAITS {
            let within = self.wait(nth);
            self.forecasts.iter_mut().for_each(|of| of[nth].arrived(within, now));
        }
    }

    fn sent(&mut self, _: usize, now: Timestamp) {
        self.under_way.sent(now);
        self.plan = None;
    }

    fn ended(&mut self, size: usize, took: Duration) {
        self.under_way.ended();
        self.line.add(size, took);
    }

    fn failed(&mut self, _: usize) {
        self.under_way.ended();
    }

    fn takes(&self, size: usize) -> Option<Duration> {
        self.line
            .at(size as f64)
            .map(|secs| Duration::try_from_secs_f64(secs.max(0.0)).unwrap_or(Duration::MAX))
    }
}
