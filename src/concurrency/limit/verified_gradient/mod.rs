mod window;

use std::time::Duration;

use self::window::{Seen, Window};
use super::{Bounds, Limit, Sample};
use crate::{clock::Timestamp, verdict::Verdict};

#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Tuning {
    pub tolerance: f64,
    pub headroom: f64,
    pub weigh: f64,
    pub verify: bool,
    pub confirm: bool,
    pub probe: bool,
    pub cap: f64,
    pub queue: bool,
    pub startup: f64,
    pub growth: f64,
    pub shrink: f64,
    pub depth: f64,
    pub dead: f64,
    pub up: bool,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            tolerance: 1.2,
            headroom: 1.0,
            weigh: 4.0,
            verify: true,
            confirm: true,
            probe: true,
            cap: 1.5,
            queue: true,
            startup: 2.0,
            growth: 1.5,
            shrink: 0.4,
            depth: 0.5,
            dead: 1.0,
            up: true,
        }
    }
}

#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct VerifiedGradient {
    pub t: Tuning,
    bounds: Bounds,
    limit: f64,
    window: Window,
    base: Option<f64>,
    shortest: Duration,
    peak: f64,
    startup: bool,
    phase: Phase,
    probe_every: Duration,
    probe_in: Duration,
    dropped: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Point {
    limit: f64,
    rate: f64,
    answers: f64,
    spread: f64,
    rtt: f64,
}

impl Point {
    /// ln ratio of rates, and its error
    fn against(self, other: Point) -> (f64, f64) {
        let fell = (self.rate / other.rate.max(f64::MIN_POSITIVE)).max(1e-9).ln();
        (fell, 1.3 * self.spread.max(other.spread) * (1.0 / self.answers.max(1.0) + 1.0 / other.answers.max(1.0)).sqrt())
    }
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Free,
    Shrinking { from: Point },
    Confirming { low: Point, base: f64 },
    Raising { from: Point },
    Probing { from: Point },
}

impl Default for VerifiedGradient {
    fn default() -> Self {
        let bounds = Bounds::new(2, 4, 100_000);
        Self {
            t: Tuning::default(),
            bounds,
            limit: bounds.initial() as f64,
            window: Window::default(),
            base: None,
            shortest: SHORTEST,
            peak: 0.0,
            startup: true,
            phase: Phase::Free,
            probe_every: PROBE,
            probe_in: PROBE,
            dropped: Timestamp::default(),
        }
    }
}

const SHORTEST: Duration = Duration::from_millis(20);
const PROBE: Duration = Duration::from_secs(2);

impl VerifiedGradient {
    fn set(&mut self, now: Timestamp, limit: f64) {
        let base = self.base.unwrap_or(0.0).exp();
        self.shortest = Duration::from_nanos((2.0 * base) as u64).clamp(SHORTEST, Duration::from_secs(1));
        let limit = self.bounds.clamp(limit);
        if limit as usize == self.limit as usize {
            self.window.proceed(now);
        } else {
            self.window.restart(now);
        }
        self.limit = limit;
    }

    fn lower(&mut self, now: Timestamp, from: Point, base: f64) {
        self.phase = Phase::Probing { from };
        let queued = from.rate * (from.rtt - self.t.depth * base.exp());
        let limit = (from.limit - queued).clamp(0.3 * from.limit, from.limit - 1.0);
        self.set(now, limit);
    }

    fn learn(&mut self, now: Timestamp, seen: Seen) {
        let rtt = seen.log.exp();
        let elapsed = seen.elapsed.as_secs_f64();
        self.peak *= (-elapsed / 10.0).exp();
        let base = *self.base.get_or_insert(seen.log);
        let z = (seen.log - base) / seen.error;
        let weight = if self.t.weigh > 0.0 { z.powi(4) / (z.powi(4) + self.t.weigh * self.t.weigh) } else { 1.0 };
        if seen.reached < 0.02 {
            self.phase = Phase::Free;
            let elevated = seen.log - base > self.t.tolerance.ln() + 2.0 * seen.error;
            if elevated {
                self.window.proceed(now);
                return;
            }
            self.startup = true;
            self.peak = self.peak.max(seen.peak as f64);
            let share = if z < 0.0 { weight } else { 1.0 - (-elapsed / 10.0).exp() };
            self.base = Some(base + share * (seen.log - base));
            let cap = (self.t.cap * self.peak).max(8.0);
            let next = if self.limit > cap {
                (self.limit * (-elapsed).exp()).max(cap)
            } else if self.peak > self.limit / 2.0 {
                (self.limit * 1.2).min(cap)
            } else {
                self.limit
            };
            self.set(now, next);
            return;
        }
        let here = Point { limit: self.limit, rate: seen.rate, answers: seen.answers, spread: seen.error * seen.answers.sqrt(), rtt };
        if let Phase::Raising { from } = self.phase {
            let (rose, error) = here.against(from);
            if rose - 0.5 * (here.limit / from.limit).ln() > error {
                self.phase = Phase::Free;
                self.base = Some(base.max(seen.log));
                self.startup = true;
                self.probe_every = PROBE;
                self.probe_in = PROBE;
                self.set(now, self.limit);
            } else {
                self.lower(now, from, base);
            }
            return;
        }
        if let Phase::Probing { from } = self.phase {
            self.phase = Phase::Free;
            let known = base + weight * (seen.log - base);
            self.base = Some(known);
            self.probe_every = if known < base - 0.1 { PROBE } else { (2 * self.probe_every).min(Duration::from_secs(30)) };
            self.probe_in = self.probe_every;
            self.set(now, from.limit * (known - base).exp().min(1.0));
            return;
        }
        if let Phase::Confirming { low, base } = self.phase {
            self.phase = Phase::Free;
            let (rose, _) = here.against(low);
            if rose < 0.5 * (here.limit / low.limit).ln() {
                self.base = Some(base);
                self.set(now, low.limit);
                return;
            }
        }
        let base = if z < 0.0 { base + weight * (seen.log - base) } else { base };
        self.base = Some(base);
        // Those that wait beyond what is tolerated.
        let tolerated = self.t.tolerance * base.exp();
        let sure = rtt * (-self.t.dead * seen.error).exp();
        let excess = here.rate * (sure - tolerated);
        let target = if self.startup && excess <= 0.0 {
            self.t.startup * self.limit
        } else {
            let target = self.limit - excess + self.t.headroom * self.limit.sqrt();
            target.clamp(self.t.shrink * self.limit, self.t.growth * self.limit)
        };
        let change = (target / self.limit).ln();
        let error = seen.error * (here.rate * rtt / self.limit).min(1.0);
        let z = change / error;
        if z < -2.0 {
            self.startup = false;
        }
        let weight = if self.t.weigh > 0.0 && !self.startup { z * z / (z * z + self.t.weigh) } else { 1.0 };
        let next = self.limit * (weight * change).exp();

        if self.t.verify {
            match self.phase {
                Phase::Shrinking { from } => {
                    let lower = (from.limit / here.limit).ln();
                    if lower > 0.2 {
                        let (fell, error) = from.against(here);
                        let beyond = fell - 0.5 * lower;
                        if beyond > error {
                            if self.t.confirm {
                                self.phase = Phase::Confirming { low: here, base };
                            } else {
                                self.phase = Phase::Free;
                            }
                            self.base = Some(seen.log);
                            self.probe_every = PROBE;
                            self.probe_in = PROBE;
                            self.set(now, 1.05 * from.limit);
                            return;
                        } else if beyond < -error || change > 0.0 {
                            self.phase = Phase::Free;
                        }
                    } else if change > 0.0 {
                        self.phase = Phase::Free;
                    }
                }
                _ if change < 0.0 => self.phase = Phase::Shrinking { from: here },
                _ => {}
            }
        }
        self.probe_in = self.probe_in.saturating_sub(seen.elapsed);
        if self.t.probe && self.probe_in.is_zero() && matches!(self.phase, Phase::Free) {
            if self.t.up {
                self.phase = Phase::Raising { from: here };
                self.set(now, 1.25 * self.limit + self.limit.sqrt());
            } else {
                self.lower(now, here, base);
            }
            return;
        }
        self.set(now, next);
    }
}

impl Limit for VerifiedGradient {
    fn limit(&self) -> usize {
        self.limit as usize
    }

    #[inline]
    fn on_sample(&mut self, sample: &Sample) -> usize {
        self.window.add(sample, self.limit as usize, self.shortest);
        if sample.verdict == Verdict::Overload {
            let since = sample.now.saturating_since(self.dropped);
            if since >= self.shortest.max(Duration::from_millis(100)) {
                self.dropped = sample.now;
                self.set(sample.now, 0.9 * self.limit);
            }
        } else if let Some(seen) = self.window.seen(sample.now, self.shortest, self.startup) {
            self.learn(sample.now, seen);
        }
        self.limit()
    }
}
