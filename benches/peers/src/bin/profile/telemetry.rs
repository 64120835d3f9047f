//! Where metrics go to: a Prometheus recorder, OpenTelemetry's SDK, or nowhere.

use std::{sync::LazyLock, time::Duration};

use metrics::NoopRecorder;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// OpenTelemetry's advice for the duration of requests.
const BUCKETS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// What takes the metrics of a layer that tells them to the `metrics` facade.
#[derive(Clone, Copy)]
pub(crate) enum Recorder {
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
    pub(crate) fn during<T>(self, work: impl FnOnce() -> T) -> T {
        match self {
            Self::None => metrics::with_local_recorder(&NoopRecorder, work),
            Self::Prometheus => {
                LazyLock::force(&PROMETHEUS);
                work()
            }
        }
    }

    /// What the recorder's upkeep does every few seconds: it keeps samples until then.
    pub(crate) fn upkeep(self) {
        match self {
            Self::None => {}
            Self::Prometheus => PROMETHEUS.run_upkeep(),
        }
    }
}

/// A provider whose reader collects what was aggregated and lets go of it. It would each minute; a case does not take that long.
macro_rules! provider {
    ($name:ident, $sdk:ident) => {
        pub(crate) fn $name() -> $sdk::metrics::SdkMeterProvider {
            use $sdk::{
                error::OTelSdkResult,
                metrics::{
                    PeriodicReader, SdkMeterProvider, Temporality, data::ResourceMetrics,
                    exporter::PushMetricExporter,
                },
            };

            struct Nowhere;

            impl PushMetricExporter for Nowhere {
                async fn export(&self, _: &ResourceMetrics) -> OTelSdkResult {
                    Ok(())
                }

                fn force_flush(&self) -> OTelSdkResult {
                    Ok(())
                }

                fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
                    Ok(())
                }

                fn temporality(&self) -> Temporality {
                    Temporality::Cumulative
                }
            }

            SdkMeterProvider::builder()
                .with_reader(PeriodicReader::builder(Nowhere).build())
                .build()
        }
    };
}

provider!(provider, opentelemetry_sdk);
provider!(provider_0_32, opentelemetry_sdk_0_32);
