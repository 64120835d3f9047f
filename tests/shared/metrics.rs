//! What the crate says of its metrics.

use tower_weir::telemetry::names;

#[test]
fn the_readme_lists_every_metric() {
    let readme = include_str!("../../README.md");
    let listed = readme.lines().skip_while(|line| !line.starts_with("| metric |")).skip(2);
    let listed = listed.take_while(|line| line.starts_with('|'));
    let expected = names::ALL.iter().map(|metric| {
        let kind = format!("{:?}", metric.kind).to_lowercase();
        let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let (name, unit, help) = (metric.name, metric.unit, metric.help);
        format!("| `{name}` | {kind} | {unit} | {} | {help} |", labels.join(", "))
    });
    assert_eq!(listed.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}
