use std::ops::Range;

use crate::stack::file::{Node, Place, Problem, Value};

/// A value as it is written.
pub(in crate::stack::file) fn raw(node: &Node) -> &str {
    node.place.origin.text().get(node.place.span.clone()).unwrap_or_default()
}

/// What a message calls a value: itself if it is short, else its kind.
pub(in crate::stack::file) fn shown(node: &Node) -> String {
    match (&node.value, raw(node)) {
        (Value::Table(_) | Value::Array(_), _) | (_, "") => node.kind().to_owned(),
        (_, raw) if raw.len() > 60 || raw.contains('\n') => node.kind().to_owned(),
        (_, raw) => format!("`{raw}`"),
    }
}

/// Where a part of a text is written; all of it if that cannot be told, as with escapes.
pub(super) fn part(node: &Node, text: &str, range: Range<usize>) -> Place {
    let start = match raw(node).find(text) {
        Some(at) if !range.is_empty() && text.get(range.clone()).is_some() => at,
        _ => return node.place.clone(),
    };
    let start = node.place.span.start + start;
    Place { span: start + range.start..start + range.end, ..node.place.clone() }
}

/// A value of another kind than `expected`, such as `a duration`.
pub(super) fn not(node: &Node, expected: &str) -> Problem {
    Problem::error(&node.place, format!("{} is not {expected}", shown(node)))
        .label(format!("expected {expected}"))
}
