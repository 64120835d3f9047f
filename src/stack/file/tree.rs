//! What a text says, with the place of every word. Texts of several origins are laid over each other.

use std::{ops::Range, sync::Arc};

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

/// A text that settings come from.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::stack) enum Origin {
    File {
        path: String,
        text: String,
    },
    Preset {
        name: &'static str,
        text: &'static str,
    },
    /// An environment variable: its value is a text of its own.
    Variable {
        name: String,
        value: String,
    },
}

impl Origin {
    pub(in crate::stack) fn text(&self) -> &str {
        match self {
            Self::File { text, .. } => text,
            Self::Preset { text, .. } => text,
            Self::Variable { value, .. } => value,
        }
    }
}

impl Node {
    /// What `key` stands for, if this is a table that has it.
    pub(in crate::stack) fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Table(entries) => {
                entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
            }
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
