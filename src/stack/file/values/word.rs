use super::{part::not, similar};
use crate::stack::file::{Node, Problem, Problems, Value};

/// One of these words.
pub(in crate::stack::file) fn word<T: Copy>(
    words: &[(&'static str, T)],
) -> impl FnOnce(&Node, &mut Problems) -> Option<T> {
    move |node, problems| {
        let names = || words.iter().map(|(name, _)| *name);
        let found = match &node.value {
            Value::Text(text) => words.iter().find(|(name, _)| name == text),
            _ => None,
        };
        if let Some((_, value)) = found {
            return Some(*value);
        }
        let quoted: Vec<_> = names().map(|name| format!("{name:?}")).collect();
        let expected = format!("one of {}", quoted.join(", "));
        problems.add(match &node.value {
            Value::Text(text) => {
                let problem =
                    Problem::error(&node.place, format!("unknown word {text:?}")).help(expected);
                match similar(text, names()) {
                    Some(meant) => problem
                        .label(format!("did you mean {meant:?}?"))
                        .replace_by(format!("{meant:?}")),
                    None => problem.label("nothing that is known here"),
                }
            }
            _ => not(node, "a word that is known here").help(expected),
        });
        None
    }
}
