use super::Place;

/// Something wrong with a configuration, or suspicious.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::stack) struct Problem {
    pub(in crate::stack) severity: Severity,
    /// What is wrong, in a sentence without a full stop: `unknown key "polices"`.
    pub(in crate::stack) message: String,
    pub(in crate::stack) place: Place,
    /// A word or two at the place: `not a duration`.
    pub(in crate::stack) label: String,
    /// Another place that has to do with it, and why: `the first is here`.
    pub(in crate::stack) related: Option<(Place, String)>,
    /// What is allowed, or what to do.
    pub(in crate::stack) help: Option<String>,
    /// What to write instead at the place.
    pub(in crate::stack) replacement: Option<String>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing can be built of it.
    Error,
    /// It does what it says, which is hardly what is meant.
    Warning,
}

/// What was found wrong so far.
#[derive(Debug, Default)]
pub(in crate::stack) struct Problems(pub(in crate::stack) Vec<Problem>);

impl Problem {
    pub(in crate::stack) fn error(place: &Place, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            place: place.clone(),
            label: String::new(),
            related: None,
            help: None,
            replacement: None,
        }
    }

    pub(in crate::stack) fn warning(place: &Place, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(place, message) }
    }

    pub(in crate::stack) fn label(self, label: impl Into<String>) -> Self {
        Self { label: label.into(), ..self }
    }

    pub(in crate::stack) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    pub(in crate::stack) fn related(self, place: &Place, why: impl Into<String>) -> Self {
        Self { related: Some((place.clone(), why.into())), ..self }
    }

    pub(in crate::stack) fn replace_by(self, text: impl Into<String>) -> Self {
        Self { replacement: Some(text.into()), ..self }
    }
}

impl Problems {
    /// Adds one, unless the same was found at the same place: what routes inherit is read once for each of them.
    pub(in crate::stack) fn add(&mut self, problem: Problem) {
        if !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }
}
