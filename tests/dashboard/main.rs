//! The dashboard and the README's queries ask for metrics that exist, by labels that these have.

mod faults;
mod grafana;
mod promql;
#[path = "../support/promtool.rs"]
mod promtool;
mod readme;

use serde_json::json;

/// What promtool objects to in expressions, which it is given as the rules of a group.
fn rejected_by_promtool(expressions: &[String]) -> Result<(), String> {
    let rules = (1..).zip(expressions);
    let rules: Vec<_> =
        rules.map(|(n, expr)| json!({ "record": format!("query:{n}"), "expr": expr })).collect();
    let rules = json!({ "groups": [{ "name": "queries", "rules": rules }] }).to_string();
    // JSON is YAML.
    promtool::promtool(&["check", "rules", "/dev/stdin"], &rules)
}

#[test]
fn promtool_finds_what_is_no_query() {
    let check = |expression: &str| rejected_by_promtool(&[expression.to_owned()]);
    check("sum by (limit) (rate(cakes_total[5m]))").unwrap();
    assert!(check("sum by (limit) (rate(cakes_total[5m])").unwrap_err().contains("unclosed"));
    assert!(check("rate(cakes_total)").unwrap_err().contains("expected type range vector"));
    assert!(check("rate(cakes_total[$__rate_interval])").is_err());
}
