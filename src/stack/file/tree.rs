//! What a text says, with the place of every word. Texts of several origins are laid over each other.

use std::{ops::Range, sync::Arc};

use super::Origin;

/// A value and where it is written.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::stack) struct Node {
    pub(in crate::stack) value: Value,
    pub(in crate::stack) place: Place,
}

/// What TOML knows.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::stack) enum Value {
    /// In the order of the text.
    Table(Vec<Entry>),
    Array(Vec<Node>),
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    /// A date or a time, as it is written: nothing takes one.
    Time(String),
}

/// A key of a table, and what it stands for.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::stack) struct Entry {
    pub(in crate::stack) key: String,
    /// Of the key.
    pub(in crate::stack) place: Place,
    pub(in crate::stack) node: Node,
}

/// Where something is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::stack) struct Place {
    pub(in crate::stack) origin: Arc<Origin>,
    /// Bytes of the origin's text.
    pub(in crate::stack) span: Range<usize>,
}

impl Node {
    /// What `key` stands for, if this is a table that has it.
    pub(in crate::stack) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.node)
    }

    pub(in crate::stack) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// Those of a table; none of anything else.
    pub(in crate::stack) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Table(entries) => entries,
            _ => &[],
        }
    }

    /// Those of a list; none of anything else.
    pub(in crate::stack) fn items(&self) -> &[Self] {
        match &self.value {
            Value::Array(items) => items,
            _ => &[],
        }
    }

    pub(in crate::stack) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What it is, as a user would call it.
    pub(in crate::stack) fn kind(&self) -> &'static str {
        match self.value {
            Value::Table(_) => "a table",
            Value::Array(_) => "a list",
            Value::Text(_) => "a text",
            Value::Integer(_) => "a number",
            Value::Float(_) => "a number with a fraction",
            Value::Boolean(_) => "true or false",
            Value::Time(_) => "a date or time",
        }
    }
}

impl Place {
    pub(in crate::stack) fn new(origin: &Arc<Origin>, span: Range<usize>) -> Self {
        Self { origin: Arc::clone(origin), span }
    }

    /// What is written there.
    pub(in crate::stack) fn text(&self) -> &str {
        let text = self.origin.text();
        &text[self.origin.bounded(&self.span)]
    }

    /// Whether `other` is written within it.
    pub(in crate::stack) fn holds(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.origin, &other.origin)
            && self.span.start <= other.span.start
            && other.span.end <= self.span.end
    }
}
