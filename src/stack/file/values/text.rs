use super::part::not;
use crate::stack::file::{Node, Problem, Problems, Value};

/// A text with something in it.
pub(in crate::stack::file) fn text(node: &Node, problems: &mut Problems) -> Option<String> {
    text_of(node, "a text", problems).map(str::to_owned)
}

/// The text of a value that is written as one: `what` says which, such as `a header name`.
pub(super) fn text_of<'a>(node: &'a Node, what: &str, problems: &mut Problems) -> Option<&'a str> {
    match &node.value {
        Value::Text(text) if text.trim().is_empty() => {
            let message = format!("an empty text is not {what}");
            problems.add(Problem::error(&node.place, message).label(format!("expected {what}")));
            None
        }
        Value::Text(text) => Some(text),
        _ => {
            problems.add(not(node, what).help(format!("{what} is written in quotes")));
            None
        }
    }
}
