//! What the parser has to say about a text that is not TOML.

use std::{collections::HashSet, sync::Arc};

use super::{Origin, Place, Problem, Problems};

/// Adds an error for each line that has any: what follows on a line after the first is mostly a consequence of it.
pub(super) fn report(origin: &Arc<Origin>, errors: &[toml::de::Error], problems: &mut Problems) {
    let mut errors: Vec<_> =
        errors.iter().map(|error| (error.span().unwrap_or_default(), error)).collect();
    // What is not closed is told last: a string without an end leaves the table around it open too.
    errors.sort_by_key(|(span, error)| (span.start, error.message().starts_with("unclosed")));
    let mut lines = HashSet::new();
    for (span, error) in errors {
        let place = Place::new(origin, origin.bounded(&span));
        if lines.insert(origin.position(place.span.start).0) {
            problems.add(problem(&place, error.message()));
        }
    }
}

fn problem(place: &Place, said: &str) -> Problem {
    let (what, expected) = match said.split_once(", expected ") {
        Some((what, expected)) => (what, Some(expected)),
        None => (said, None),
    };
    let written = place.text();
    match what {
        "string values must be quoted" if !written.is_empty() => {
            Problem::error(place, format!("`{written}` is a text without quotes"))
                .label("not TOML")
                .help("texts are quoted; so are durations and sizes")
                .replace_by(quoted(written))
        }
        "string values must be quoted" => {
            Problem::error(place, "a value is missing").label("expected after `=`")
        }
        "invalid boolean" => {
            let small = written.to_lowercase();
            let problem = Problem::error(place, format!("`{written}` is not a value"));
            match &*small {
                "true" | "false" => {
                    problem.help("truth is written in small letters").replace_by(small)
                }
                _ => problem.help("texts are quoted").replace_by(quoted(written)),
            }
        }
        "duplicate key" => Problem::error(place, format!("`{written}` is there twice"))
            .label("the second")
            .help("a key, and a `[table]`, is written once; merge the two"),
        _ => {
            let problem = Problem::error(place, format!("not TOML: {what}"));
            match expected {
                Some(expected) => problem.label(format!("expected {expected}")),
                None => problem,
            }
        }
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.trim().replace('\\', "\\\\").replace('"', "\\\""))
}

/// Lines that are not TOML: what else is wrong with them is a guess.
pub(super) struct Broken(Vec<(Arc<Origin>, usize)>);

impl Broken {
    pub(super) fn of(problems: &Problems) -> Self {
        let line = |place: &Place| place.origin.position(place.span.start).0;
        let lines = problems
            .0
            .iter()
            .map(|problem| (Arc::clone(&problem.place.origin), line(&problem.place)));
        Self(lines.collect())
    }

    pub(super) fn has(&self, place: &Place) -> bool {
        let begins = place.origin.position(place.span.start).0;
        self.0.iter().any(|(origin, line)| Arc::ptr_eq(origin, &place.origin) && *line == begins)
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}
