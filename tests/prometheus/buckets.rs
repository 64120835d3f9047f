use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use tower_weir::telemetry::{
    names::{self, Kind},
    prometheus::{BYTE_BUCKETS, COUNT_BUCKETS, DURATION_BUCKETS, Prometheus, configure},
};

use super::{everything, record};

/// The upper bounds of a histogram's buckets.
fn bounds(text: &str, name: &str) -> Vec<String> {
    let buckets = text.lines().filter(|line| line.starts_with(&format!("{name}_bucket{{")));
    let bounds = buckets.map(|line| line.split_once("le=\"").unwrap().1.split_once('"').unwrap().0);
    bounds.map(str::to_owned).collect()
}

#[test]
fn every_histogram_has_the_buckets_of_its_unit() {
    let text = everything();
    let mut histograms = 0;
    for metric in names::ALL.iter().filter(|metric| metric.kind == Kind::Histogram) {
        let expected = match metric.unit {
            "seconds" => DURATION_BUCKETS,
            "bytes" => BYTE_BUCKETS,
            "count" => COUNT_BUCKETS,
            unit => panic!("{} is in {unit}, which has no buckets", metric.name),
        };
        let expected = expected.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
        assert_eq!(bounds(&text, metric.name), expected.collect::<Vec<_>>(), "{}", metric.name);
        histograms += 1;
    }
    assert!(histograms >= 5, "{histograms}");
}

#[test]
fn buckets_are_as_promised() {
    // https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpserverrequestduration
    let advised = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1., 2.5, 5., 7.5, 10.];
    assert_eq!(DURATION_BUCKETS, advised);
    assert_eq!(BYTE_BUCKETS[0], 64.0);
    assert!(BYTE_BUCKETS.windows(2).all(|pair| pair[1] == 4.0 * pair[0]));
    assert_eq!(BYTE_BUCKETS.last(), Some(&f64::from(64 << 20)));
    assert!(COUNT_BUCKETS[..=10].iter().zip(0..).all(|(bound, power)| *bound == 2_f64.powi(power)));
    assert!(COUNT_BUCKETS[10..].windows(2).all(|pair| pair[1] == 4.0 * pair[0]));
    assert_eq!(COUNT_BUCKETS.last(), Some(&f64::from(1 << 20)));
}

#[test]
fn a_builder_keeps_what_else_it_was_told() {
    let metric = names::OPERATION_DURATION;
    let builder = PrometheusBuilder::new()
        .add_global_label("region", "eu")
        .set_buckets_for_metric(Matcher::Prefix("weir_".to_owned()), &[1.0])
        .unwrap();
    let render = |builder: PrometheusBuilder| {
        let recorder = builder.build_recorder();
        metrics::with_local_recorder(&recorder, || {
            record(&metric);
            metrics::histogram!("cake_diameter").record(0.3);
        });
        Prometheus::from(recorder.handle()).render()
    };
    let text = render(configure(builder));
    assert_eq!(bounds(&text, metric.name).len(), DURATION_BUCKETS.len() + 1);
    assert!(text.contains("region=\"eu\""));
    assert!(text.contains("# TYPE cake_diameter summary"), "only ours are changed: {text}");

    let full = Matcher::Full(metric.name.to_owned());
    let builder = configure(PrometheusBuilder::new()).set_buckets_for_metric(full, &[2.0, 4.0]);
    assert_eq!(bounds(&render(builder.unwrap()), metric.name), ["2", "4", "+Inf"]);
}
