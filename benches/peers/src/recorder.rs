use std::sync::LazyLock;

use metrics::NoopRecorder;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// OpenTelemetry's advice for the duration of requests.
const BUCKETS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// What takes the metrics of a layer that tells them to the `metrics` facade.
#[derive(Clone, Copy, Debug)]
pub enum Recorder {
    /// Nothing does, as where none was installed.
    None,
    /// The process's one, for Prometheus.
    Prometheus,
}

/// Installed when it is first needed, and then everybody's but for those who are told of none.
static PROMETHEUS: LazyLock<PrometheusHandle> = LazyLock::new(|| {
    let builder = PrometheusBuilder::new().set_buckets(&BUCKETS).expect("there are buckets");
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).expect("nobody else installs one");
    handle
});

impl Recorder {
    /// Does `work`, in which metrics are told to this recorder.
    pub fn during<T>(self, work: impl FnOnce() -> T) -> T {
        match self {
            Self::None => metrics::with_local_recorder(&NoopRecorder, work),
            Self::Prometheus => {
                LazyLock::force(&PROMETHEUS);
                work()
            }
        }
    }

    /// What the recorder's upkeep does every few seconds: it keeps samples until then.
    pub fn upkeep(self) {
        match self {
            Self::None => {}
            Self::Prometheus => PROMETHEUS.run_upkeep(),
        }
    }
}
