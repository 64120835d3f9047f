//! What Prometheus is told.

mod buckets;
#[path = "../support/client.rs"]
mod client;
mod exposition;
#[path = "../support/promtool.rs"]
mod promtool;
mod scrapes;

use metrics::Label;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use tower_weir::telemetry::{
    names::{self, Kind, Metric},
    prometheus::{Prometheus, configure},
};

/// A recorder of the test's own, and its handle.
fn recorder() -> (PrometheusRecorder, Prometheus) {
    let recorder = configure(PrometheusBuilder::new()).build_recorder();
    let prometheus = recorder.handle().into();
    (recorder, prometheus)
}

/// Records a metric once, with all of its labels.
fn record(metric: &Metric) {
    let labels: Vec<_> = metric.labels.iter().map(|&label| Label::new(label, "some")).collect();
    match metric.kind {
        Kind::Counter => metrics::counter!(metric.name, labels).increment(1),
        Kind::Gauge => metrics::gauge!(metric.name, labels).set(0.5),
        Kind::Histogram => metrics::histogram!(metric.name, labels).record(0.5),
    }
}

/// What is told of all metrics once each was described and recorded.
fn everything() -> String {
    let (recorder, prometheus) = recorder();
    metrics::with_local_recorder(&recorder, || {
        names::describe();
        names::ALL.iter().for_each(record);
    });
    prometheus.render()
}
