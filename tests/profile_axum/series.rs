//! Clients do not decide how many series there are.

use std::collections::BTreeSet;

use axum::{body::Body, routing::get};
use http::Request;
use metrics_util::debugging::{DebuggingRecorder, Snapshotter};
use tower::{Service, ServiceExt};
use tower_weir::profile::RouteReporter;

use super::*;
use crate::random::Random;

/// Every metric that is new, with its labels.
fn series(snapshotter: &Snapshotter) -> BTreeSet<String> {
    let metrics = snapshotter.snapshot().into_vec().into_iter();
    metrics.map(|(key, ..)| key.key().to_string()).collect()
}

fn app(layer: ProfileLayer) -> Router {
    let app = Router::new().route("/users/{id}", get(fine)).layer(RouteReporter);
    around(app, layer)
}

#[tokio::test]
async fn random_paths_add_one_series() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _local = metrics::set_default_local_recorder(&recorder);
    let (profile, _hand, layer) = profile();
    let mut service = app(layer).into_service::<Body>();
    let mut random = Random::new(7);
    let mut visit = async |count: u32| {
        for _ in 0..count {
            let path = format!("/{:x}/{:x}", random.next(), random.next());
            let request = Request::get(path).body(Body::empty()).unwrap();
            let answer = service.ready().await.unwrap().call(request).await.unwrap();
            assert_eq!(answer.status(), 404);
        }
    };
    visit(1).await;
    let first = series(&snapshotter);
    let durations = |series: &BTreeSet<String>| {
        series.iter().filter(|key| key.contains("duration_seconds")).count()
    };
    assert_eq!(durations(&first), 1);
    visit(50_000).await;
    assert_eq!(series(&snapshotter), first);
    assert_eq!(counted::counted(&profile), ["GET _unmatched client_error 50001"]);
    assert_eq!(in_flight(&profile), 0);
}

#[tokio::test]
async fn random_paths_and_methods_over_a_socket_are_counted_together() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    // The server's tasks run on this thread too.
    let _local = metrics::set_default_local_recorder(&recorder);
    let (profile, _hand, layer) = profile();
    let (addr, _server) = serve(app(layer)).await;
    let http = Http::new(addr);
    let mut random = Random::new(7);
    for _ in 0..1_000 {
        let (path, method) = (random.next(), random.next());
        http.get(&format!("/{path:x}")).await;
        http.send(request(&format!("M{method:x}"), &format!("/users/{path:x}"))).await;
    }
    let expected = ["GET _unmatched client_error 1000", "_OTHER /users/{id} client_error 1000"];
    assert_eq!(settled(&profile).await, expected);
    let series = series(&snapshotter);
    let durations = series.iter().filter(|key| key.contains("duration_seconds"));
    assert_eq!(durations.count(), 2, "{series:?}");
}
