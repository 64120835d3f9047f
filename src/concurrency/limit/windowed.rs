use std::time::Duration;

use super::{Limit, Sample};
use crate::{
    clock::{Timestamp, nanos},
    verdict::Verdict,
};

/// Tells another limit of the mean of many answers instead of each.
///
/// ```
/// use std::time::Duration;
/// use tower_weir::concurrency::{Gradient2, Windowed};
///
/// let limit = Windowed::new(Gradient2::default()).window(Duration::from_millis(250));
/// ```
///
/// [`Vegas`](super::Vegas) and [`Gradient2`](super::Gradient2) take each latency for a sign of the load, so where latencies
/// vary they need this. It does as Netflix's `WindowedLimit` does: after a window, 1 s if nothing is said, in which there were
/// more than 10 answers, the limit inside hears of one with their mean latency and the most that were under way with any of
/// them. It is an overload if one of them was. [`VerifiedGradient`](super::VerifiedGradient) has windows of its own.
#[derive(Clone, Debug)]
pub struct Windowed<L> {
    inner: L,
    window: Duration,
    /// Since when it gathers.
    since: Option<Timestamp>,
    answers: u64,
    /// In nanoseconds.
    total: f64,
    in_flight: usize,
    overload: bool,
}

/// There must be more answers than this.
const FEW: u64 = 10;

impl<L: Limit> Windowed<L> {
    /// Gathers for a second.
    pub const fn new(inner: L) -> Self {
        Self {
            inner,
            window: Duration::from_secs(1),
            since: None,
            answers: 0,
            total: 0.0,
            in_flight: 0,
            overload: false,
        }
    }

    /// Gathers for so long.
    pub const fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    fn mean(&mut self, now: Timestamp) -> Sample {
        let mean = (self.total / self.answers.max(1) as f64) as u64;
        let verdict = if self.overload { Verdict::Overload } else { Verdict::Success };
        let sample =
            Sample { now, rtt: Duration::from_nanos(mean), in_flight: self.in_flight, verdict };
        (self.answers, self.total, self.in_flight, self.overload) = (0, 0.0, 0, false);
        self.since = Some(now);
        sample
    }
}

impl<L: Limit> Limit for Windowed<L> {
    fn limit(&self) -> usize {
        self.inner.limit()
    }

    fn on_sample(&mut self, sample: &Sample) -> usize {
        let now = sample.now;
        // Also if the clock went backwards.
        let since = self.since.map_or(now, |since| since.min(now));
        self.since = Some(since);
        match sample.verdict {
            Verdict::Success => self.total += nanos(sample.rtt) as f64,
            Verdict::Overload => self.overload = true,
            Verdict::ClientError | Verdict::Failure | Verdict::Ignored => return self.limit(),
        }
        self.answers += 1;
        self.in_flight = self.in_flight.max(sample.in_flight);
        if now.saturating_since(since) < self.window || self.answers <= FEW {
            return self.limit();
        }
        let mean = self.mean(now);
        self.inner.on_sample(&mean)
    }
}
