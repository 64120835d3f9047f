//! What a recorder of metrics sees.

use std::collections::BTreeMap;

use metrics_util::debugging::{DebugValue, DebuggingRecorder};

/// Every metric that this thread tells in `test`, as `name{label=value,...}`, and its value: of a histogram the sum.
pub(crate) fn recorded(test: impl FnOnce()) -> BTreeMap<String, f64> {
    let sum = |samples: &[f64]| samples.iter().sum();
    recorded_by(test, sum)
}

/// The same, but of a histogram how many values it has.
#[allow(dead_code, reason = "not every test binary asks")]
pub(crate) fn recorded_counts(test: impl FnOnce()) -> BTreeMap<String, f64> {
    recorded_by(test, |samples| samples.len() as f64)
}

fn recorded_by(test: impl FnOnce(), of_histogram: fn(&[f64]) -> f64) -> BTreeMap<String, f64> {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, test);
    let metrics = snapshotter.snapshot().into_vec().into_iter().map(|(key, _, _, value)| {
        let labels: Vec<_> =
            key.key().labels().map(|l| format!("{}={}", l.key(), l.value())).collect();
        let value = match value {
            DebugValue::Counter(count) => count as f64,
            DebugValue::Gauge(value) => value.into_inner(),
            DebugValue::Histogram(samples) => {
                let samples: Vec<_> = samples.iter().map(|sample| sample.into_inner()).collect();
                of_histogram(&samples)
            }
        };
        (format!("{}{{{}}}", key.key().name(), labels.join(",")), value)
    });
    metrics.collect()
}
