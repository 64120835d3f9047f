//! What keys of one table say to each other.

use crate::stack::file::{Fields, Place, Problem};

/// Reports `key` if it is there although it has no effect because of what `other` says, or because `other` is absent.
///
/// What is inherited is none of it: a route that only switches one thing off need not undo all that belongs to it.
pub(super) fn no_effect(
    fields: &mut Fields<'_>,
    key: &'static str,
    other: &'static str,
    because: &str,
    help: &str,
) {
    let Some(node) = fields.node(key) else { return };
    let problem = Problem::error(&node.place, format!("`{key}` has no effect: {because}"))
        .label("has no effect")
        .help(help);
    let problem = match fields.node(other) {
        None => problem,
        Some(other) if are_beside(&node.place, &other.place) => {
            problem.related(&other.place, "because of this")
        }
        Some(_) => return,
    };
    fields.problems().add(problem);
}

/// Reports at the value of `key`, or else of `other`, that the two cannot be together.
pub(super) fn conflict(
    fields: &mut Fields<'_>,
    key: &'static str,
    other: &'static str,
    message: String,
    help: &str,
) {
    let (node, other) = (fields.node(key), fields.node(other));
    let place = node.or(other).map_or(fields.place(), |node| &node.place);
    let mut problem = Problem::error(place, message).label("cannot be").help(help);
    if let (Some(_), Some(other)) = (node, other) {
        problem = problem.label("this").related(&other.place, "and this");
    }
    fields.problems().add(problem);
}

/// Whether two values are written in one table, as far as the text tells: no other begins between them.
fn are_beside(one: &Place, other: &Place) -> bool {
    let end = one.span.end.min(other.span.end);
    let start = one.span.start.max(other.span.start);
    let between = one.origin.text().get(end..start);
    let begins_table = |line: &str| line.trim_start().starts_with('[');
    one.origin == other.origin
        && between.is_some_and(|between| !between.lines().skip(1).any(begins_table))
}
