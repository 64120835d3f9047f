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
