use super::part::not;
use crate::stack::file::{Node, Problems, Value};

/// `true` or `false`.
pub(in crate::stack::file) fn boolean(node: &Node, problems: &mut Problems) -> Option<bool> {
    let meant = match &node.value {
        Value::Boolean(value) => return Some(*value),
        Value::Integer(1) => Some("true"),
        Value::Integer(0) => Some("false"),
        Value::Text(text) => match &*text.trim().to_lowercase() {
            "true" | "yes" | "on" | "1" => Some("true"),
            "false" | "no" | "off" | "0" => Some("false"),
            _ => None,
        },
        _ => None,
    };
    let problem = not(node, "true or false").help("write true or false, without quotes");
    problems.add(match meant {
        Some(meant) => problem.replace_by(meant),
        None => problem,
    });
    None
}
