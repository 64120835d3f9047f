//! Nodes of a text, for the tests of their readers.

use std::sync::Arc;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Entry, Node, Origin, Place, Problem, Problems, Value};

/// The table that a text is.
pub(super) fn tree(text: &str) -> Node {
    let table = DeTable::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let origin = Origin::File { path: "weir.toml".to_owned(), text: text.to_owned() };
    let span = 0..text.len();
    let (value, origin) = (DeValue::Table(table.into_inner()), Arc::new(origin));
    node(&Spanned::new(span, value), &origin)
}

fn node(value: &Spanned<DeValue<'_>>, origin: &Arc<Origin>) -> Node {
    let place = |span| Place { origin: Arc::clone(origin), span };
    let entries = |table: &DeTable<'_>| {
        let mut entries: Vec<_> = table
            .iter()
            .map(|(key, value)| Entry {
                key: key.get_ref().to_string(),
                place: place(key.span()),
                node: node(value, origin),
            })
            .collect();
        entries.sort_by_key(|entry| entry.place.span.start);
        entries
    };
    let read = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => {
            Value::Integer(i64::from_str_radix(number.as_str(), number.radix()).unwrap())
        }
        DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap()),
        DeValue::Boolean(value) => Value::Boolean(*value),
        DeValue::Datetime(time) => Value::Time(time.to_string()),
        DeValue::Array(array) => Value::Array(array.iter().map(|one| node(one, origin)).collect()),
        DeValue::Table(table) => Value::Table(entries(table)),
    };
    Node { value: read, place: place(value.span()) }
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
