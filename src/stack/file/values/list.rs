use super::{part::not, raw};
use crate::stack::file::{Node, Problems, Value};

/// A list. Each element that cannot be read is reported.
pub(in crate::stack::file) fn list_of<T>(
    read: impl Fn(&Node, &mut Problems) -> Option<T>,
) -> impl Fn(&Node, &mut Problems) -> Option<Vec<T>> {
    move |node, problems| {
        let Value::Array(elements) = &node.value else {
            let problem = not(node, "a list");
            problems.add(match &node.value {
                Value::Text(_) | Value::Integer(_) | Value::Float(_) => problem
                    .help("a list is written in brackets, also one of a single value")
                    .replace_by(format!("[{}]", raw(node))),
                _ => problem.help("a list is written in brackets"),
            });
            // What is wrong with the single value is said at once.
            if matches!(node.value, Value::Text(_)) {
                read(node, problems);
            }
            return None;
        };
        // Not to stop at the first that is wrong.
        let values: Vec<_> = elements.iter().map(|element| read(element, problems)).collect();
        values.into_iter().collect()
    }
}
