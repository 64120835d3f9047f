use std::collections::BTreeSet;

use serde_json::{Value, json};
use tower_weir::telemetry::names;

use super::{
    faults::{faults, metric},
    promql::Expression,
    rejected_by_promtool,
};

fn dashboard() -> Value {
    serde_json::from_str(include_str!("../../examples/grafana/tower-weir.json")).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// Every query of every panel, with the panel's title.
fn targets(dashboard: &Value) -> Vec<(&str, &Value)> {
    let panels = list(&dashboard["panels"]).iter();
    let targets = panels.flat_map(|panel| {
        list(&panel["targets"]).iter().map(|target| (text(&panel["title"]), target))
    });
    targets.collect()
}

/// What a variable takes its values from: a series and one of its labels.
fn variable(variable: &Value) -> Expression {
    let query = text(&variable["query"]["query"]);
    assert_eq!(query, text(&variable["definition"]));
    let arguments = query.strip_prefix("label_values(").and_then(|query| query.strip_suffix(')'));
    let (series, label) = arguments.and_then(|arguments| arguments.rsplit_once(", ")).unwrap();
    let mut expression = Expression::parse(series);
    expression.grouping.push(label.to_owned());
    expression
}

/// An expression as Prometheus would be sent it.
fn filled_in(expression: &str) -> String {
    let filled = expression.replace("$__rate_interval", "1m").replace("$__range", "1h");
    ["$job", "$instance", "$route"].iter().fold(filled, |text, name| text.replace(name, ".*"))
}

#[test]
fn the_dashboard_asks_for_what_exists() {
    let dashboard = dashboard();
    let mut expressions = Vec::new();
    for (title, target) in targets(&dashboard) {
        let expression = filled_in(text(&target["expr"]));
        assert!(
            !expression.contains('$'),
            "{title} has a variable that is not there: {expression}"
        );
        let parsed = Expression::parse(&expression);
        let faults = faults(&parsed);
        assert!(faults.is_empty(), "{title}: {expression}: {faults:#?}");
        for label in text(&target["legendFormat"]).split("{{").skip(1) {
            let label = label.split("}}").next().unwrap_or_default();
            assert!(parsed.grouping.iter().any(|by| by == label), "{title}: no {label} to show");
        }
        expressions.push(expression);
    }
    assert!(expressions.len() > 30, "{}", expressions.len());
    rejected_by_promtool(&expressions).unwrap();
}

#[test]
fn the_dashboard_shows_every_metric() {
    let dashboard = dashboard();
    let shown: BTreeSet<_> = targets(&dashboard)
        .iter()
        .flat_map(|(_, target)| Expression::parse(text(&target["expr"])).selectors)
        .filter_map(|selector| Some(metric(&selector.name)?.name))
        .collect();
    assert_eq!(shown, names::ALL.iter().map(|metric| metric.name).collect());
}

#[test]
fn the_variables_exist_and_are_used() {
    let dashboard = dashboard();
    let queries: Vec<_> = targets(&dashboard).iter().map(|(_, t)| text(&t["expr"])).collect();
    let variables = list(&dashboard["templating"]["list"]);
    let names: Vec<_> = variables.iter().map(|variable| text(&variable["name"])).collect();
    assert_eq!(names, ["job", "instance", "route"]);
    for (name, value) in names.iter().zip(variables) {
        let faults = faults(&variable(value));
        assert!(faults.is_empty(), "{name}: {faults:#?}");
        assert!(queries.iter().any(|query| query.contains(&format!("=~\"${name}\""))), "{name}");
    }
}

#[test]
fn the_dashboard_can_be_imported_where_the_data_source_has_another_name() {
    let dashboard = dashboard();
    let input = &list(&dashboard["__inputs"])[0];
    assert_eq!((text(&input["name"]), text(&input["pluginId"])), ("DS_PROMETHEUS", "prometheus"));
    let source = json!({ "type": "prometheus", "uid": "${DS_PROMETHEUS}" });
    for (title, target) in targets(&dashboard) {
        assert_eq!(target["datasource"], source, "{title}");
    }
    for variable in list(&dashboard["templating"]["list"]) {
        assert_eq!(variable["datasource"], source);
    }
    assert_eq!(dashboard["id"], Value::Null, "Grafana gives it one");
}

#[test]
fn panels_stand_beside_each_other_and_say_their_unit() {
    let dashboard = dashboard();
    let (mut ids, mut cells, mut kinds) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for panel in list(&dashboard["panels"]) {
        let title = text(&panel["title"]);
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title} has the id of another");
        let [x, y, w, h] =
            ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().unwrap());
        assert!(x + w <= 24, "{title} is too wide");
        for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            assert!(cells.insert(cell), "{title} covers another");
        }
        let kind = text(&panel["type"]);
        if kind != "row" {
            kinds.insert(kind);
            let unit =
                [&panel["fieldConfig"]["defaults"]["unit"], &panel["options"]["yAxis"]["unit"]];
            assert!(unit.iter().any(|unit| unit.is_string()), "{title} has no unit");
            assert!(!list(&panel["targets"]).is_empty(), "{title} asks for nothing");
        }
    }
    let required = list(&dashboard["__requires"]).iter().filter(|item| item["type"] == "panel");
    assert_eq!(required.map(|item| text(&item["id"])).collect::<BTreeSet<_>>(), kinds);
}
