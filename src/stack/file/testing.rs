//! Nodes of a text, for the tests of their readers.

use std::sync::Arc;

use super::{Node, Origin, Problem, Problems, parse};

/// The table that a text is.
pub(super) fn tree(text: &str) -> Node {
    let origin = Origin::File { path: "weir.toml".to_owned(), text: text.to_owned() };
    let mut problems = Problems::default();
    let tree = parse::document(&Arc::new(origin), &mut problems);
    assert!(problems.0.is_empty(), "{text}: {problems:?}");
    tree
}

/// Reads the value of `it`.
pub(super) fn read<T>(
    value: &str,
    read: impl FnOnce(&Node, &mut Problems) -> Option<T>,
) -> (Option<T>, Vec<Problem>) {
    let tree = tree(&format!("it = {value}"));
    read_node(tree.get("it").unwrap(), read)
}

pub(super) fn read_node<T>(
    node: &Node,
    read: impl FnOnce(&Node, &mut Problems) -> Option<T>,
) -> (Option<T>, Vec<Problem>) {
    let mut problems = Problems::default();
    let value = read(node, &mut problems);
    (value, problems.0)
}

/// What is at the place of a problem.
pub(super) fn offending(problem: &Problem) -> &str {
    &problem.place.origin.text()[problem.place.span.clone()]
}

/// A problem in a line: its message, what is at its place, its label, its help and what to write instead.
pub(super) fn line(problem: &Problem) -> String {
    let Problem { message, label, .. } = problem;
    let instead = problem.replacement.as_ref().map(|text| format!(" => {text}"));
    format!("{message} @ {} ({label}){}", offending(problem), instead.unwrap_or_default())
}
