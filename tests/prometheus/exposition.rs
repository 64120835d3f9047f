use tower_weir::telemetry::names;

use super::{everything, promtool::promtool};

#[test]
fn every_metric_is_told_with_its_help_and_kind() {
    let text = everything();
    for metric in names::ALL {
        let (name, kind) = (metric.name, format!("{:?}", metric.kind).to_lowercase());
        assert!(text.contains(&format!("# HELP {name} {}\n", metric.help)), "{name}: {text}");
        assert!(text.contains(&format!("# TYPE {name} {kind}\n")), "{name}: {text}");
        let series = text.lines().filter(|line| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['_', '{']))
        });
        for label in metric.labels {
            assert!(series.clone().any(|line| line.contains(&format!("{label}=\"some\""))));
        }
    }
}

#[test]
fn promtool_finds_no_fault_with_any_metric() {
    promtool(&["check", "metrics"], &everything()).unwrap();
}

#[test]
fn promtool_would_find_one() {
    let found = promtool(&["check", "metrics"], "# TYPE cakes counter\ncakes 1\n").unwrap_err();
    assert!(found.contains("no help text") && found.contains("_total"), "{found}");
    assert!(promtool(&["check", "metrics"], "not a metric\n").is_err());
}
