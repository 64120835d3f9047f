use super::{faults::faults, promql::Expression, rejected_by_promtool};

/// The expressions in the README, which empty lines part.
fn expressions() -> Vec<String> {
    let readme = include_str!("../../README.md");
    let blocks = readme.split("```promql\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap_or_default());
    blocks.flat_map(|block| block.trim().split("\n\n")).map(str::to_owned).collect()
}

#[test]
fn the_readme_asks_for_what_exists() {
    let expressions = expressions();
    assert!(expressions.len() >= 10, "they were found: {expressions:#?}");
    for expression in &expressions {
        let faults = faults(&Expression::parse(expression));
        assert!(faults.is_empty(), "{expression}: {faults:#?}");
    }
    rejected_by_promtool(&expressions).unwrap();
}
