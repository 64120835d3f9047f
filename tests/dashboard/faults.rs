//! What is wrong with an expression, by what `telemetry::names` says of the metrics.

use tower_weir::telemetry::names::{self, Kind, Metric};

use super::promql::{Expression, Selector};

/// The metric that a series belongs to.
pub(crate) fn metric(series: &str) -> Option<&'static Metric> {
    names::ALL.iter().find(|metric| match metric.kind {
        Kind::Histogram => series
            .strip_prefix(metric.name)
            .is_some_and(|suffix| ["_bucket", "_sum", "_count"].contains(&suffix)),
        _ => series == metric.name,
    })
}

/// Whether a series has a label: its metric's own, that of buckets, or one that Prometheus adds.
fn has_label(series: &str, label: &str) -> bool {
    ["job", "instance"].contains(&label)
        || (label == "le" && series.ends_with("_bucket"))
        || metric(series).is_some_and(|metric| metric.labels.contains(&label))
}

/// The outcomes that the help text lists: `outcome: ok, limited if …, or panic.`
fn outcomes(metric: &Metric) -> Vec<&'static str> {
    let (_, list) = metric.help.split_once("outcome: ").expect("outcomes are listed");
    let list = list.split('.').next().unwrap_or_default();
    let items = list.split(", ").flat_map(|item| item.split(" or "));
    let items = items.map(|item| item.trim_start_matches("or ").split(' ').next().unwrap());
    items.collect()
}

fn faults_of_selector(selector: &Selector, faults: &mut Vec<String>) {
    let name = &selector.name;
    let Some(metric) = metric(name) else {
        faults.push(format!("there is no series `{name}`"));
        return;
    };
    for (label, values) in &selector.matchers {
        if !has_label(name, label) {
            faults.push(format!("`{name}` has no label `{label}`"));
        } else if label == "outcome" {
            let unknown = values.iter().filter(|value| !outcomes(metric).contains(&value.as_str()));
            faults.extend(unknown.map(|value| format!("`{name}` has no outcome `{value}`")));
        } else if label == "rpc_grpc_status_code" {
            let unknown = values.iter().filter(|code| !code.parse().is_ok_and(|n: u8| n <= 16));
            faults.extend(unknown.map(|value| format!("gRPC has no code `{value}`")));
        }
    }
}

pub(crate) fn faults(expression: &Expression) -> Vec<String> {
    let mut faults = Vec::new();
    if expression.selectors.is_empty() {
        faults.push("it asks for no series".to_owned());
    }
    for selector in &expression.selectors {
        faults_of_selector(selector, &mut faults);
        let unknown = expression.grouping.iter().filter(|label| !has_label(&selector.name, label));
        faults.extend(unknown.map(|label| format!("`{}` has no label `{label}`", selector.name)));
    }
    faults
}

#[test]
fn faults_are_found() {
    let found = |expression: &str| faults(&Expression::parse(expression));
    let requests = "http_server_request_duration_seconds";
    for fine in [
        format!("sum by (le, http_route) (rate({requests}_bucket{{job=\"a\", le=\"0.5\"}}[5m]))"),
        format!("{requests}_count{{outcome=~\"panic|body_error|ok\"}}"),
        "weir_rate_limit_decisions_total{outcome=~\"limited|queued|shadowed|error\"}".to_owned(),
        "weir_operation_duration_seconds_sum{outcome!=\"cancelled\"}".to_owned(),
        "rpc_server_call_duration_seconds_count{rpc_grpc_status_code=~\"0|16\"}".to_owned(),
    ] {
        assert_eq!(found(&fine), Vec::<String>::new(), "{fine}");
    }
    for (wrong, expected) in [
        ("up", "there is no series `up`"),
        ("weir_load_sum", "there is no series `weir_load_sum`"),
        ("weir_rate_limit_wait_seconds", "there is no series `weir_rate_limit_wait_seconds`"),
        ("{job=\"a\"}", "there is no series ``"),
        ("weir_load{limit=\"a\"}", "`weir_load` has no label `limit`"),
        ("sum by (le) (weir_load)", "`weir_load` has no label `le`"),
        (
            "weir_operation_duration_seconds_sum{outcome=~\"failure|limited\"}",
            "`weir_operation_duration_seconds_sum` has no outcome `limited`",
        ),
        (
            "weir_rate_limit_decisions_total{outcome=\"it\"}",
            "`weir_rate_limit_decisions_total` has no outcome `it`",
        ),
        (
            "rpc_server_call_duration_seconds_sum{rpc_grpc_status_code=\"OK\"}",
            "gRPC has no code `OK`",
        ),
        ("1 + 2", "it asks for no series"),
    ] {
        assert_eq!(found(wrong), [expected], "{wrong}");
    }
}
