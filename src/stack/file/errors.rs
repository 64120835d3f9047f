use std::{error::Error, fmt};

use super::{ConfigProblem, Problem, report::Report};

/// Everything that is wrong with a configuration, each with its place, what is wrong and what to write instead.
///
/// ```
/// use tower_weir::Weir;
///
/// let errors = Weir::builder().text("[defaults]\ncache = { tll = '30s' }").check().unwrap_err();
/// assert_eq!(
///     errors.to_string(),
///     "\
/// error: unknown key `tll`
///  --> the text:2:11
///   |
/// 2 | cache = { tll = '30s' }
///   |           ^^^ did you mean `ttl`?
///   |
/// help: a similar one is known: `ttl`
///   |
/// 2 - cache = { tll = '30s' }
/// 2 + cache = { ttl = '30s' }
///   |
///
/// 1 error in the text"
/// );
/// let instead = errors.problems().next().and_then(|problem| problem.replacement());
/// assert_eq!(instead.as_deref(), Some("ttl"));
/// ```
///
/// Its `Display`, and its `Debug` too, show it as rustc does: the lines that are wrong, what is wrong in them, and a remedy. Of
/// more than a hundred problems they show the first; [`problems`](Self::problems) has them all.
/// No password is in it.
#[derive(Clone, PartialEq)]
pub struct ConfigErrors {
    report: Report,
}

/// What is suspicious about a configuration that is valid.
///
/// Its `Display` shows it as that of [`ConfigErrors`] does.
#[derive(Clone, Default, PartialEq)]
pub struct ConfigWarnings {
    report: Report,
}

impl ConfigErrors {
    /// At least one of the problems is an error.
    pub(in crate::stack) fn new(problems: Vec<Problem>) -> Self {
        Self { report: Report(problems) }
    }

    /// With the colours of a terminal.
    pub fn in_colour(&self) -> String {
        self.report.in_colour()
    }

    /// Each of them, errors and warnings, in the order of the text.
    pub fn problems(&self) -> impl ExactSizeIterator<Item = ConfigProblem<'_>> {
        self.report.0.iter().map(ConfigProblem)
    }
}

impl ConfigWarnings {
    pub(in crate::stack) fn new(problems: Vec<Problem>) -> Self {
        Self { report: Report(problems) }
    }

    /// With the colours of a terminal.
    pub fn in_colour(&self) -> String {
        self.report.in_colour()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.report.0.is_empty()
    }

    /// Each of them, in the order of the text.
    pub fn problems(&self) -> impl ExactSizeIterator<Item = ConfigProblem<'_>> {
        self.report.0.iter().map(ConfigProblem)
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.report, f)
    }
}

impl fmt::Display for ConfigWarnings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.report, f)
    }
}

/// What `unwrap` prints is for people too.
impl fmt::Debug for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", self.report)
    }
}

impl fmt::Debug for ConfigWarnings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.report, f)
    }
}

impl Error for ConfigErrors {}
