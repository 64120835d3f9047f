use std::fmt;

use annotate_snippets::Renderer;

use super::{Origin, Problem, problem::Severity, render::render};

/// Problems, to be shown.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Report(pub(super) Vec<Problem>);

/// Nobody reads more, and each is shown with a look at the whole text: a file that is no configuration at all is to be refused
/// soon, and without filling a log.
const MOST_SHOWN: usize = 100;

impl Report {
    pub(super) fn in_colour(&self) -> String {
        self.shown(&Renderer::styled())
    }

    fn shown(&self, renderer: &Renderer) -> String {
        match self.summary() {
            Some(summary) => {
                let shown = &self.0[..self.0.len().min(MOST_SHOWN)];
                let rest = match self.0.len() - shown.len() {
                    0 => String::new(),
                    rest => format!(", {rest} of which are not shown"),
                };
                format!("{}\n\n{summary}{rest}", render(shown, renderer))
            }
            None => String::new(),
        }
    }

    /// `2 errors and 1 warning in weir.toml`
    fn summary(&self) -> Option<String> {
        let count = |severity, what: &str| {
            let count = self.0.iter().filter(|problem| problem.severity == severity).count();
            match count {
                0 => None,
                1 => Some(format!("1 {what}")),
                _ => Some(format!("{count} {what}s")),
            }
        };
        let counts = [count(Severity::Error, "error"), count(Severity::Warning, "warning")];
        let mut texts = Vec::new();
        for problem in &self.0 {
            let text = match &*problem.place.origin {
                Origin::Variable { .. } => "the environment".to_owned(),
                origin => origin.title(),
            };
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let counts: Vec<_> = counts.into_iter().flatten().collect();
        let found = !counts.is_empty();
        found.then(|| format!("{} in {}", counts.join(" and "), texts.join(" and ")))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown(&Renderer::plain()))
    }
}
