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
    needs_lateness: bool,
}

struct Watched {
    signal: Box<dyn LoadSignal>,
    ramp: Ramp,
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
        Self { signals: Vec::new(), readings: Vec::new(), floor, needs_lateness: false }
    }

    pub(crate) fn add(&mut self, signal: Box<dyn LoadSignal>, ramp: Ramp) {
        self.needs_lateness |= signal.needs_lateness();
        self.readings.push(Reading { name: signal.name(), load: None, multiplier: 1.0 });
        self.signals.push(Watched { signal, ramp, broken: false });
    }

    pub(crate) fn needs_lateness(&self) -> bool {
        self.needs_lateness
    }

    /// Asks every signal.
    pub(crate) fn sample(&mut self, tick: &Tick) -> LoadReport<'_> {
        for (watched, reading) in self.signals.iter_mut().zip(&mut self.readings) {
            reading.load = watched.sample(tick, &reading.name);
            reading.multiplier =
                reading.load.map_or(1.0, |load| watched.ramp.multiplier(load, self.floor));
        }
        let multiplier = self.readings.iter().map(|reading| reading.multiplier).fold(1.0, f64::min);
        LoadReport { multiplier, readings: &self.readings }
    }
}

impl Watched {
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
