//! What is told of it.

use metrics_util::debugging::{DebugValue, DebuggingRecorder};

use crate::world::*;

#[test]
fn requests_and_calls_are_told_by_name() {
    let recorder = DebuggingRecorder::new();
    let snapshots = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (world, gate) = World::gated(|layer| layer.named("reads"));
            let clients = [world.start(get()).await, world.start(get()).await];
            let passing = world.start(with(&[("cookie", "a=b")])).await;
            // What is read begins anew.
            let told = snapshots.snapshot().into_vec();
            assert_eq!(value(&told, "weir_coalesce_in_flight", "reads"), Some(1.0));
            assert_eq!(value(&told, "weir_coalesce_requests_total", "led"), Some(1.0));
            assert_eq!(value(&told, "weir_coalesce_requests_total", "passed"), Some(1.0));
            gate.open();
            for client in clients.into_iter().chain([passing]) {
                client.await.unwrap().unwrap();
            }
            assert_eq!(world.handle.stats().requests(), 3);
            assert_eq!(world.handle.stats().name, "reads");
        });
        let told = snapshots.snapshot().into_vec();
        for (outcome, count) in [("led", 0.0), ("shared", 1.0), ("alone", 0.0), ("passed", 0.0)] {
            let counted = value(&told, "weir_coalesce_requests_total", outcome);
            assert_eq!(counted, Some(count), "{outcome}");
        }
        assert_eq!(value(&told, "weir_coalesce_in_flight", "reads"), Some(-1.0), "none any more");
    });
}

type Told =
    (metrics_util::CompositeKey, Option<metrics::Unit>, Option<metrics::SharedString>, DebugValue);

/// The value of a metric that has this for one of its labels.
fn value(told: &[Told], name: &str, label: &str) -> Option<f64> {
    let is_it =
        |key: &metrics::Key| key.name() == name && key.labels().any(|one| one.value() == label);
    told.iter().find(|(key, ..)| is_it(key.key())).map(|(.., value)| match value {
        DebugValue::Counter(count) => *count as f64,
        DebugValue::Gauge(gauge) => gauge.into_inner(),
        DebugValue::Histogram(_) => panic!("there is none"),
    })
}
