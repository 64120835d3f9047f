use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};

use crate::telemetry::names::{self, Kind};

/// The upper bounds of the buckets of every histogram in seconds.
///
/// They are those that OpenTelemetry's semantic conventions advise for `http.server.request.duration`, so that panels and alerts
/// made for other services fit.
pub const DURATION_BUCKETS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// The upper bounds of the buckets of every histogram in bytes: the powers of four from 64 bytes to 64 MiB.
///
/// Bodies differ by orders of magnitude, and no conventions advise any bounds for them.
pub const BYTE_BUCKETS: &[f64] = &[
    64.0,
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// The upper bounds of the buckets of every histogram that counts: the powers of two from 1 to 1,024, then those of four to 2²⁰.
///
/// Batches have tens of items, and weigh tens of items or many thousand bytes.
pub const COUNT_BUCKETS: &[f64] = &[
    1.0,
    2.0,
    4.0,
    8.0,
    16.0,
    32.0,
    64.0,
    128.0,
    256.0,
    512.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
];

/// Gives the layers' histograms their buckets in a recorder that you build yourself.
///
/// ```
/// use metrics_exporter_prometheus::PrometheusBuilder;
/// use tower_weir::telemetry::{names, prometheus::{Prometheus, configure}};
///
/// let builder = PrometheusBuilder::new().add_global_label("region", "eu");
/// let metrics = Prometheus::from(configure(builder).install_recorder()?);
/// names::describe();
/// metrics.start_upkeep()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Without buckets a histogram is told as a summary, whose quantiles cannot be added up over routes and processes. Buckets are
/// given by each metric's whole name, which goes before what the builder says of prefixes and suffixes of names; so call it
/// before you give single ones of our metrics other buckets.
pub fn configure(builder: PrometheusBuilder) -> PrometheusBuilder {
    let histograms = names::ALL.iter().filter(|metric| metric.kind == Kind::Histogram);
    histograms.fold(builder, |builder, metric| {
        let matcher = Matcher::Full(metric.name.to_owned());
        with_buckets_of(metric.unit, matcher, builder)
    })
}

/// The same for whatever else the program measures, by the suffix that Prometheus asks of names.
pub(super) fn configure_others(builder: PrometheusBuilder) -> PrometheusBuilder {
    ["seconds", "bytes"].into_iter().fold(builder, |builder, unit| {
        with_buckets_of(unit, Matcher::Suffix(format!("_{unit}")), builder)
    })
}

fn with_buckets_of(unit: &str, matcher: Matcher, builder: PrometheusBuilder) -> PrometheusBuilder {
    let buckets = match unit {
        "bytes" => BYTE_BUCKETS,
        "count" => COUNT_BUCKETS,
        // No histogram has a fourth unit.
        _ => DURATION_BUCKETS,
    };
    builder.set_buckets_for_metric(matcher, buckets).expect("there are buckets")
}
