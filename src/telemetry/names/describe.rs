use metrics::Unit;

use super::{ALL, Kind};

/// Describes every metric to the recorder that is installed: its unit and its help text.
///
/// ```
/// // after installing a recorder
/// tower_weir::telemetry::names::describe();
/// ```
pub fn describe() {
    for metric in ALL {
        let unit = match metric.unit {
            "bytes" => Unit::Bytes,
            "seconds" => Unit::Seconds,
            _ => Unit::Count,
        };
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(metric.name, unit, metric.help),
            Kind::Gauge => metrics::describe_gauge!(metric.name, unit, metric.help),
            Kind::Histogram => metrics::describe_histogram!(metric.name, unit, metric.help),
        }
    }
}
