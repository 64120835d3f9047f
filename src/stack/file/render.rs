//! Problems as rustc shows them.

use annotate_snippets::{
    AnnotationKind, Group, Level, Origin as At, Patch, Renderer, Snippet, normalize_untrusted_str,
};

use super::{
    Place, Problem,
    problem::Severity,
    secrets::{Masked, masked},
};

/// All of them, each with the lines that it is about.
pub(super) fn render(problems: &[Problem], renderer: &Renderer) -> String {
    let each = problems.iter().map(|problem| one(problem, renderer));
    each.collect::<Vec<_>>().join("\n\n")
}

fn one(problem: &Problem, renderer: &Renderer) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let plain = |text: &str| normalize_untrusted_str(&masked(text));
    let title = level.primary_title(masked(&problem.message));
    let shown = Masked::of(&problem.place.origin);
    let related = problem.related.as_ref();
    let beside = related.filter(|(place, _)| place.origin == problem.place.origin);
    let apart = related.filter(|(place, _)| place.origin != problem.place.origin);
    let mut group = Group::with_title(title);
    if shown.text.is_empty() {
        group = group.element(At::path(problem.place.origin.title()));
    } else {
        let primary = AnnotationKind::Primary.span(span(&problem.place, &shown));
        let context = beside.map(|(place, why)| {
            AnnotationKind::Context.span(span(place, &shown)).label(masked(why))
        });
        let snippet = Snippet::source(shown.text.clone())
            .path(problem.place.origin.title())
            .annotation(primary.label((!problem.label.is_empty()).then(|| masked(&problem.label))))
            .annotations(context);
        group = group.element(snippet);
    }
    let mut groups = vec![group];
    if let Some((place, why)) = apart {
        let elsewhere = Masked::of(&place.origin);
        let at = AnnotationKind::Primary.span(span(place, &elsewhere));
        let snippet = Snippet::source(elsewhere.text).path(place.origin.title()).annotation(at);
        groups.push(Level::NOTE.secondary_title(plain(why)).element(snippet));
    }
    match (&problem.replacement, &problem.help) {
        (Some(replacement), help) => {
            let title = help.as_deref().unwrap_or("write this instead");
            let at = shown.span(&problem.place.origin.bounded(&problem.place.span));
            let patch = Patch::new(at, masked(replacement));
            let snippet = Snippet::source(shown.text).patch(patch);
            groups.push(Level::HELP.secondary_title(plain(title)).element(snippet));
        }
        (None, Some(help)) => {
            let help = Level::HELP.message(plain(help));
            if let Some(last) = groups.pop() {
                groups.push(last.element(help));
            }
        }
        (None, None) => {}
    }
    renderer.render(&groups)
}

/// Where a place is in what is shown: of several lines the first, to keep the rest out of sight.
fn span(place: &Place, shown: &Masked) -> std::ops::Range<usize> {
    let mut span = place.origin.bounded(&place.span);
    if let Some(end) = place.text().find(['\r', '\n']) {
        span.end = span.start + end;
    }
    shown.span(&span)
}
