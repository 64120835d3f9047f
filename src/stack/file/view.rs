use std::fmt;

use super::{
    Origin, Problem,
    problem::Severity,
    secrets::{Masked, masked},
};

/// One thing that is wrong with a configuration, or suspicious.
#[derive(Clone, Copy, PartialEq)]
pub struct ConfigProblem<'a>(pub(super) &'a Problem);

impl ConfigProblem<'_> {
    /// Whether it is an error or a warning.
    pub fn severity(&self) -> Severity {
        self.0.severity
    }

    /// What it is written in: the file's path, the name of an environment variable, or `preset production`.
    pub fn origin(&self) -> String {
        self.0.place.origin.title()
    }

    /// The line, from 1. An environment variable has one line, which begins with its name.
    pub fn line(&self) -> usize {
        self.0.place.origin.position(self.0.place.span.start).0
    }

    /// The column, from 1, in characters.
    pub fn column(&self) -> usize {
        self.0.place.origin.position(self.0.place.span.start).1
    }

    /// The words that are wrong.
    pub fn text(&self) -> String {
        let shown = Masked::of(&self.0.place.origin);
        let span = shown.span(&self.0.place.origin.bounded(&self.0.place.span));
        shown.text[span].to_owned()
    }

    /// What is wrong.
    pub fn message(&self) -> String {
        masked(&self.0.message)
    }

    /// What is allowed, or what to do.
    pub fn help(&self) -> Option<String> {
        self.0.help.as_deref().map(masked)
    }

    /// What to write instead of [`text`](Self::text).
    pub fn replacement(&self) -> Option<String> {
        self.0.replacement.as_deref().map(masked)
    }
}

/// A line: `weir.toml:14:3: unknown key "polices"`.
impl fmt::Display for ConfigProblem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0.place.origin {
            Origin::Variable { name, .. } => write!(f, "{name}: {}", self.message()),
            _ => {
                write!(f, "{}:{}:{}: {}", self.origin(), self.line(), self.column(), self.message())
            }
        }
    }
}

impl fmt::Debug for ConfigProblem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
