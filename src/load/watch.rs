use std::{
    borrow::Cow,
    panic::{AssertUnwindSafe, catch_unwind},
};

use super::{LoadSignal, Ramp, Tick};

/// Signals that are sampled together, and how much each leaves of a limit.
pub(crate) struct Watch {
    signals: Vec<Watched>,
    readings: Vec<Reading>,
    floor: f64,
    /// How much a sample counts in the mean of them.
    weight: f64,
    needs_lateness: bool,
}

struct Watched {
    signal: Box<dyn LoadSignal>,
    ramp: Ramp,
    /// Of the samples so far.
    mean: Option<f64>,
    /// It panicked, and is not asked any more.
    broken: bool,
}

/// What one signal said last.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reading {
    pub(crate) name: Cow<'static, str>,
    /// `None` if it could not be told.
    pub(crate) load: Option<f64>,
    /// 1 where there is no load.
    pub(crate) multiplier: f64,
}

/// What all of them said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoadReport<'a> {
    /// The lowest of all signals, 1 if there are none.
    pub(crate) multiplier: f64,
    /// One for each signal, in the order in which they were added.
    pub(crate) readings: &'a [Reading],
}

impl Watch {
    /// Without signals yet. No multiplier will be below `floor`.
    pub(crate) fn new(floor: f64) -> Self {
        Self {
            signals: Vec::new(),
            readings: Vec::new(),
            floor,
            weight: 1.0,
            needs_lateness: false,
        }
    }

    /// Goes by a mean of the samples, of which each new one counts as so much, from more than 0 to 1.
    pub(crate) fn weight(self, weight: f64) -> Self {
        Self { weight, ..self }
    }

    pub(crate) fn add(&mut self, signal: Box<dyn LoadSignal>, ramp: Ramp) {
        self.needs_lateness |= signal.needs_lateness();
        self.readings.push(Reading { name: signal.name(), load: None, multiplier: 1.0 });
        self.signals.push(Watched { signal, ramp, mean: None, broken: false });
    }

    pub(crate) fn needs_lateness(&self) -> bool {
        self.needs_lateness
    }

    /// Asks every signal.
    pub(crate) fn sample(&mut self, tick: &Tick) -> LoadReport<'_> {
        for (watched, reading) in self.signals.iter_mut().zip(&mut self.readings) {
            reading.load = watched.sample(tick, &reading.name);
            let mean = watched.mean(reading.load, self.weight);
            reading.multiplier = mean.map_or(1.0, |load| watched.ramp.multiplier(load, self.floor));
        }
        let multiplier = self.readings.iter().map(|reading| reading.multiplier).fold(1.0, f64::min);
        LoadReport { multiplier, readings: &self.readings }
    }
}

impl Watched {
    /// What the mean is with this sample; of none if the load cannot be told now.
    fn mean(&mut self, sample: Option<f64>, weight: f64) -> Option<f64> {
        self.mean = sample.map(|load| {
            let before = self.mean.unwrap_or(load);
            before + weight * (load - before)
        });
        self.mean
    }

    fn sample(&mut self, tick: &Tick, name: &str) -> Option<f64> {
        if self.broken {
            return None;
        }
        // A signal is not asked again after a panic, so nobody sees it half changed.
        let sample = AssertUnwindSafe(|| self.signal.sample(tick));
        match catch_unwind(sample) {
            Ok(load) => load.filter(|load| !load.is_nan()),
            Err(_) => {
                self.broken = true;
                tracing::warn!(
                    "the load signal `{name}` panicked and is left out from now on; the limit goes by the other signals \
                     until the layer is built anew"
                );
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use super::*;
    use crate::load::{Custom, SchedulingDelay};

    const PERCENT: Ramp = Ramp::new(50.0, 100.0);

    fn constant(name: &'static str, load: Option<f64>) -> Box<dyn LoadSignal> {
        Box::new(Custom::new(name, move || load))
    }

    #[test]
    fn the_lowest_multiplier_counts() {
        let mut watch = Watch::new(0.0);
        assert_eq!(watch.sample(&Tick::default()).multiplier, 1.0);
        for (name, load) in [("idle", Some(3.0)), ("busy", Some(75.0)), ("fair", Some(60.0))] {
            watch.add(constant(name, load), PERCENT);
        }
        watch.add(constant("unknown", None), PERCENT);
        watch.add(constant("confused", Some(f64::NAN)), PERCENT);
        let report = watch.sample(&Tick::default());
        assert_eq!(report.multiplier, 0.5);
        let told: Vec<_> =
            report.readings.iter().map(|r| (&*r.name, r.load, r.multiplier)).collect();
        let expected = [
            ("idle", Some(3.0), 1.0),
            ("busy", Some(75.0), 0.5),
            ("fair", Some(60.0), 0.8),
            ("unknown", None, 1.0),
            ("confused", None, 1.0),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_mean_follows_its_samples_and_begins_with_the_first() {
        let load = Arc::new(AtomicU32::new(100));
        let told = Arc::clone(&load);
        let mut watch = Watch::new(0.0).weight(0.5);
        let signal =
            move || Some(told.load(Ordering::Relaxed)).filter(|load| *load > 0).map(f64::from);
        watch.add(Box::new(Custom::new("percent", signal)), PERCENT);
        let mut sample = |now: u32| {
            load.store(now, Ordering::Relaxed);
            let report = watch.sample(&Tick::default());
            (report.readings[0].load.unwrap_or(0.0), report.multiplier)
        };
        assert_eq!(sample(100), (100.0, 0.0));
        // What is told is the sample, what counts is the mean: 75, 62.5.
        assert_eq!(sample(50), (50.0, 0.5));
        assert_eq!(sample(50), (50.0, 0.75));
        // Not known, and begun anew.
        assert_eq!(sample(0), (0.0, 1.0));
        assert_eq!(sample(80), (80.0, 0.4));
    }

    #[test]
    fn lateness_is_wanted_if_one_signal_wants_it() {
        let mut watch = Watch::new(0.5);
        watch.add(constant("busy", Some(1.0)), PERCENT);
        assert!(!watch.needs_lateness());
        watch.add(Box::new(SchedulingDelay), SchedulingDelay::SUGGESTED);
        assert!(watch.needs_lateness());
        let tick = Tick::late_by(std::time::Duration::from_secs(1));
        assert_eq!(watch.sample(&tick).multiplier, 0.5);
    }

    #[test]
    fn a_signal_that_panics_is_left_out() {
        let asked = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&asked);
        let mut watch = Watch::new(0.0);
        let faulty = Custom::new("faulty", move || {
            assert!(count.fetch_add(1, Ordering::Relaxed) == 0, "on purpose");
            Some(100.0)
        });
        watch.add(Box::new(faulty), PERCENT);
        watch.add(constant("fair", Some(60.0)), PERCENT);
        assert_eq!(watch.sample(&Tick::default()).multiplier, 0.0);
        for _ in 0..3 {
            let report = watch.sample(&Tick::default());
            assert_eq!(report.multiplier, 0.8, "the other goes on");
            assert_eq!(report.readings[0].load, None);
        }
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }
}
