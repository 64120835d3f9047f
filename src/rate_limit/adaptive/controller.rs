use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use metrics::{Gauge, gauge};

use super::{
    Adaptive, Aimd, Course, Window,
    flow::{End, Flow, Generation},
};
use crate::{
    clock::{Timestamp, nanos},
    load::{LoadReport, Reading, Sampler, Watch},
    telemetry::{Resolved, names},
};

/// Moves one multiplier, as an [`Adaptive`] says.
pub(in crate::rate_limit) struct Controller {
    aimd: Option<Aimd>,
    floor: f64,
    good: AtomicU64,
    bad: AtomicU64,
    /// When the next interval ends, in nanoseconds; 0 before the first request.
    next_step: AtomicU64,
    /// When the present generation of requests has begun, in nanoseconds.
    generation: AtomicU64,
    flow: Flow,
    course: Mutex<Course>,
    /// Its multiplier.
    by_outcomes: Share,
    load: Option<Load>,
}

/// The load of the machine, sampled in the background.
struct Load {
    watch: Arc<Mutex<Watch>>,
    sampling: Duration,
    multiplier: Arc<Share>,
    sampler: Mutex<Option<Sampler>>,
}

/// An `f64` in an atomic.
struct Share(AtomicU64);

impl Share {
    fn whole() -> Self {
        Self(AtomicU64::new(1.0_f64.to_bits()))
    }

    fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    fn set(&self, share: f64) {
        self.0.store(share.to_bits(), Ordering::Relaxed);
    }
}

impl Controller {
    pub(in crate::rate_limit) fn new(adaptive: Adaptive) -> Self {
        let Adaptive { aimd, signals, sampling, smoothing, floor } = adaptive;
        let load = (!signals.is_empty()).then(|| {
            let weight = if smoothing.is_zero() {
                1.0
            } else {
                1.0 - (-sampling.as_secs_f64() / smoothing.as_secs_f64()).exp()
            };
            let mut watch = Watch::new(floor).weight(weight);
            for (signal, ramp) in signals {
                watch.add(signal, ramp);
            }
            Load {
                watch: Arc::new(Mutex::new(watch)),
                sampling,
                multiplier: Arc::new(Share::whole()),
                sampler: Mutex::new(None),
            }
        });
        Self {
            aimd,
            floor,
            good: AtomicU64::new(0),
            bad: AtomicU64::new(0),
            next_step: AtomicU64::new(0),
            generation: AtomicU64::new(0),
            flow: Flow::new(),
            course: Mutex::default(),
            by_outcomes: Share::whole(),
            load,
        }
    }

    /// How long the head of a response may take to be good.
    pub(in crate::rate_limit) fn latency_target(&self) -> Option<Duration> {
        self.aimd.as_ref()?.latency_target
    }

    /// Whether outcomes matter.
    pub(in crate::rate_limit) fn judges(&self) -> bool {
        self.aimd.is_some()
    }

    /// A request goes to the service. It must end.
    pub(in crate::rate_limit) fn begin(&self) -> Generation {
        self.flow.begin()
    }

    /// A request ends: whether it was bad, or `None` if that is not known.
    pub(in crate::rate_limit) fn end(&self, begun: Generation, bad: Option<bool>) {
        if let (End::InTime, Some(bad)) = (self.flow.end(begun), bad) {
            let count = if bad { &self.bad } else { &self.good };
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The multiplier now. The first call after an interval's end judges it.
    #[inline]
    pub(in crate::rate_limit) fn multiplier(&self, now: Timestamp) -> f64 {
        let due = self.next_step.load(Ordering::Relaxed);
        if now.as_nanos() >= due {
            self.step(now, due);
        }
        let by_load = self.load.as_ref().map_or(1.0, |load| load.multiplier.get());
        self.by_outcomes.get().min(by_load)
    }

    /// Ends the interval that was `due`, unless another thread does.
    #[cold]
    fn step(&self, now: Timestamp, due: u64) {
        let interval = nanos(self.aimd.map_or(Duration::from_secs(1), |aimd| aimd.interval));
        // From the first request on, and then in whole intervals.
        let over = if due == 0 { 0 } else { 1 + (now.as_nanos() - due) / interval };
        let start = if due == 0 { now.as_nanos() } else { due };
        let next = start.saturating_add(interval.saturating_mul(over.max(1)));
        let mine = self.next_step.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed);
        if mine.is_err() {
            return;
        }
        match &self.aimd {
            Some(aimd) if over > 0 => self.judge(aimd, now, over),
            _ => self.generation.store(now.as_nanos(), Ordering::Relaxed),
        }
        if let Some(load) = &self.load {
            load.keep_sampling();
        }
    }

    fn judge(&self, aimd: &Aimd, now: Timestamp, intervals: u64) {
        // A request that is older than a generation is later than the target, so a generation lasts at least as long.
        let generation = self.generation.load(Ordering::Relaxed);
        let lasted = now.as_nanos().saturating_sub(generation);
        let late = if lasted < aimd.latency_target.map_or(0, nanos) {
            0
        } else {
            self.generation.store(now.as_nanos(), Ordering::Relaxed);
            match aimd.latency_target {
                Some(_) => self.flow.age_late(),
                None => {
                    self.flow.age();
                    0
                }
            }
        };
        let (good, bad) =
            (self.good.swap(0, Ordering::Relaxed), self.bad.swap(0, Ordering::Relaxed));
        let open = self.flow.under_way();
        let outcomes = Window { good, bad: bad + late, open };
        let mut course = self.course.lock().unwrap_or_else(PoisonError::into_inner);
        let next = aimd.next(*course, self.floor, outcomes);
        // Who came before a decrease says nothing of it, nor does who came while the backlog of before was served.
        if next.is_draining() || course.is_draining() {
            self.flow.forget();
            self.generation.store(now.as_nanos(), Ordering::Relaxed);
        } else if aimd.is_open(outcomes) {
            self.good.fetch_add(outcomes.good, Ordering::Relaxed);
            self.bad.fetch_add(outcomes.bad, Ordering::Relaxed);
        }
        // In the intervals after the first nothing came.
        let silent = if open > 0 { 0 } else { intervals - 1 };
        *course = aimd.recovered(next, silent);
        self.by_outcomes.set(course.multiplier());
    }
}

impl Load {
    /// Starts a sampler if none runs: at the first request, and should the runtime of the last have gone.
    fn keep_sampling(&self) {
        let mut sampler = self.sampler.lock().unwrap_or_else(PoisonError::into_inner);
        if sampler.as_ref().is_none_or(Sampler::is_finished) {
            let multiplier = Arc::clone(&self.multiplier);
            let gauges = Resolved::default();
            *sampler = Sampler::start(Arc::clone(&self.watch), self.sampling, move |report| {
                multiplier.set(report.multiplier);
                let gauges = gauges.get_or_resolve(|| load_gauges(report));
                for (gauge, reading) in gauges.iter().zip(report.readings) {
                    gauge.set(reading.load.unwrap_or(f64::NAN));
                }
            });
        }
    }
}

fn load_gauges(report: &LoadReport<'_>) -> Vec<Gauge> {
    let name = names::LOAD.name;
    let gauge = |reading: &Reading| gauge!(name, "signal" => reading.name.clone());
    report.readings.iter().map(gauge).collect()
}

impl fmt::Debug for Controller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Controller").field("aimd", &self.aimd).finish_non_exhaustive()
    }
}
