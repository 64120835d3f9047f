//! Installing where somebody else was first. In a process of its own, which has one recorder at most.

use metrics_exporter_prometheus::PrometheusBuilder;
use tower_weir::telemetry::prometheus::{InstallError, Prometheus, install};

#[test]
fn a_recorder_that_is_there_stays_and_the_error_says_what_to_do() {
    let foreign = PrometheusBuilder::new().install_recorder().unwrap();
    for _ in 0..2 {
        let error = install().unwrap_err();
        assert!(matches!(error, InstallError::AnotherRecorder));
        assert_eq!(
            error.to_string(),
            "another metrics recorder is installed already, and the layers' metrics go to that one: serve its endpoint; if \
             it is a `PrometheusRecorder`, make one of its handle by `Prometheus::from(handle).service()`",
        );
    }
    metrics::counter!("cakes_total").increment(1);
    let text = Prometheus::from(foreign).render();
    assert_eq!(text, "# TYPE cakes_total counter\ncakes_total 1\n\n");
}
