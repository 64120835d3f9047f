use super::{
    part::{not, part},
    similar,
    text::text_of,
};
use crate::{
    rate_limit::Quota,
    stack::file::{Node, Problem, Problems, Value},
};

const HELP: &str = "a quota such as \"20/second\", \"100/minute; burst=50\" or \"1 per 250ms\"";
const UNITS: [&str; 4] = ["second", "minute", "hour", "day"];

/// A quota such as `"100/minute; burst=50"`.
pub(in crate::stack::file) fn quota(node: &Node, problems: &mut Problems) -> Option<Quota> {
    if let Value::Integer(_) | Value::Float(_) = node.value {
        let problem = not(node, "a quota").label("a number without a period");
        problems.add(problem.help(HELP));
        return None;
    }
    let text = text_of(node, "a quota", problems)?;
    match text.parse::<Quota>() {
        Ok(quota) => Some(quota),
        Err(error) => {
            problems.add(fault(node, text, error.allowed()));
            None
        }
    }
}

/// What it is that a quota says of itself: ``unknown unit `fortnight` at position 4; allowed: …``, or only what is allowed.
fn fault(node: &Node, text: &str, told: &str) -> Problem {
    let (problem, allowed) = told.split_once("; allowed: ").unwrap_or((told, ""));
    let (problem, position) = problem.rsplit_once(" at position ").unwrap_or((problem, ""));
    let start = position
        .parse::<usize>()
        .ok()
        .and_then(|position| text.char_indices().map(|(at, _)| at).nth(position.checked_sub(1)?));
    let Some(start) = start else {
        let problem = if allowed.is_empty() {
            Problem::error(&node.place, format!("{text:?} is out of range")).label(problem)
        } else {
            Problem::error(&node.place, format!("{text:?} is not a quota")).label(problem)
        };
        return problem.help(HELP);
    };
    let named = problem.split_once('`').map_or("", |(_, rest)| rest.trim_end_matches('`'));
    let place = part(node, text, start..start + named.len());
    let error = Problem::error(&place, format!("{text:?} is not a quota: {problem}"));
    match similar(named, UNITS) {
        Some(meant) if problem.starts_with("unknown unit") && place != node.place => {
            error.label(format!("did you mean `{meant}`?")).help(HELP).replace_by(meant)
        }
        _ => error.label(format!("allowed: {allowed}")).help(HELP),
    }
}
