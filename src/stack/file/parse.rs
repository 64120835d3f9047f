//! TOML text to a tree. Whatever of a broken text can be understood is, so that one mistake does not hide another.

use std::{ops::Range, sync::Arc};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Entry, Node, Origin, Place, Problem, Problems, Value, syntax};

/// What a whole document says.
pub(super) fn document(origin: &Arc<Origin>, problems: &mut Problems) -> Node {
    let (table, errors) = DeTable::parse_recoverable(origin.text());
    syntax::report(origin, &errors, problems);
    let mut tree = Tree { origin, offset: 0, problems };
    let value = tree.table(table.get_ref());
    Node { value, place: Place::new(origin, 0..0) }
}

/// What the text of an origin from `offset` on says, which is a value; `None` if it is none.
pub(super) fn value(origin: &Arc<Origin>, offset: usize, problems: &mut Problems) -> Option<Node> {
    let text = origin.text().get(offset..)?;
    let value = DeValue::parse(text).ok()?;
    Some(Tree { origin, offset, problems }.node(&value))
}

struct Tree<'a> {
    origin: &'a Arc<Origin>,
    offset: usize,
    problems: &'a mut Problems,
}

impl Tree<'_> {
    fn node(&mut self, value: &Spanned<DeValue<'_>>) -> Node {
        let place = self.place(value.span());
        let value = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(number) => {
                let read = i64::from_str_radix(number.as_str(), number.radix());
                Value::Integer(read.unwrap_or_else(|_| self.too_large(&place)))
            }
            DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or_else(|_| {
                self.too_large(&place);
                0.0
            })),
            DeValue::Boolean(value) => Value::Boolean(*value),
            DeValue::Datetime(time) => Value::Time(time.to_string()),
            DeValue::Array(items) => {
                Value::Array(items.iter().map(|item| self.node(item)).collect())
            }
            DeValue::Table(table) => self.table(table),
        };
        Node { value, place }
    }

    fn table(&mut self, table: &DeTable<'_>) -> Value {
        let mut entries: Vec<_> = table
            .iter()
            .map(|(key, value)| Entry {
                key: key.get_ref().to_string(),
                place: self.place(key.span()),
                node: self.node(value),
            })
            .collect();
        // The parser sorts them by name.
        entries.sort_by_key(|entry| entry.place.span.start);
        Value::Table(entries)
    }

    fn place(&self, span: Range<usize>) -> Place {
        let span = span.start + self.offset..span.end + self.offset;
        Place::new(self.origin, self.origin.bounded(&span))
    }

    fn too_large(&mut self, place: &Place) -> i64 {
        let message = format!("`{}` is not a number that can be kept", place.text());
        let problem = Problem::error(place, message).label("too large");
        self.problems.add(problem.help("numbers go up to 9223372036854775807"));
        0
    }
}
