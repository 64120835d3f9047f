use std::cmp::Reverse;

use super::{Origin, Problem, Problems, syntax::Broken};

/// What is to be shown of what was found, in the order of the text.
pub(super) fn settled(problems: Problems, broken: &Broken) -> Vec<Problem> {
    let Problems(mut problems) = problems;
    // Those that the parser found come first.
    let mut number = 0;
    problems.retain(|problem| {
        number += 1;
        number <= broken.count() || !broken.has(&problem.place)
    });
    problems.iter_mut().for_each(unquoted);
    problems.sort_by_cached_key(|problem| {
        let rank = match &*problem.place.origin {
            Origin::File { .. } => (0, String::new()),
            Origin::Variable { name, .. } => (1, name.clone()),
            Origin::Preset { .. } => (2, String::new()),
        };
        let span = &problem.place.span;
        (rank, span.start, Reverse(span.end))
    });
    problems
}

/// What is to be written in a variable needs no quotes, unless it would be something else without them.
fn unquoted(problem: &mut Problem) {
    let is_variable = matches!(*problem.place.origin, Origin::Variable { .. });
    if !is_variable || problem.place.text().starts_with(['"', '\'']) {
        return;
    }
    let bare = problem.replacement.as_deref().and_then(|text| {
        let bare = text.strip_prefix('"')?.strip_suffix('"')?;
        let is_plain = !bare.contains(['"', '\\']) && toml::de::DeValue::parse(bare).is_err();
        is_plain.then(|| bare.to_owned())
    });
    problem.replacement = bare.or(problem.replacement.take());
}
