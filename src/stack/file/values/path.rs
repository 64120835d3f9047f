use super::{
    part::{not, part},
    text::text_of,
};
use crate::{
    route::RouteTable,
    stack::file::{Node, Problem, Problems},
};

const HELP: &str = "a path such as \"/search\", \"/users/{id}\" or \"/files/{*rest}\"";

/// A pattern of paths, as for [`RouteTable`].
pub(in crate::stack::file) fn path_pattern(node: &Node, problems: &mut Problems) -> Option<String> {
    let text = text_of(node, "a path", problems)?;
    match fault(node, text) {
        None => Some(text.to_owned()),
        Some(problem) => {
            problems.add(problem.help(HELP));
            None
        }
    }
}

fn fault(node: &Node, text: &str) -> Option<Problem> {
    if !text.starts_with('/') {
        let problem = not(node, "a path").label("a path begins with `/`");
        let is_word = !text.contains([':', '"', '\\', ' ']);
        return Some(if is_word { problem.replace_by(format!("\"/{text}\"")) } else { problem });
    }
    if let Some(at) = text.find(['?', '#']) {
        let place = part(node, text, at..text.len());
        let message = "a query is no part of a path: routes are told apart without it";
        return Some(Problem::error(&place, message).label("no part of the path"));
    }
    let is_strange = |c: char| !c.is_ascii_graphic();
    if let Some((at, strange)) = text.char_indices().find(|(_, c)| is_strange(*c)) {
        let place = part(node, text, at..at + strange.len_utf8());
        let message = format!("no request's path has {strange:?} in it");
        return Some(Problem::error(&place, message).label("percent-encoded in requests"));
    }
    if let Some(problem) = old_parameter(node, text) {
        return Some(problem);
    }
    let table = RouteTable::<()>::new().try_route(None, text, ());
    let error = table.err()?;
    let message = format!("{text:?} is not a pattern of paths");
    Some(Problem::error(&node.place, message).label(error.allowed().to_lowercase()))
}

/// `:id` and `*rest`, as others write parameters.
fn old_parameter(node: &Node, text: &str) -> Option<Problem> {
    let mut at = 0;
    for segment in text.split('/') {
        let end = at + segment.len();
        let meant = match segment.split_at_checked(1) {
            Some((":", name)) if !name.is_empty() => Some(format!("{{{name}}}")),
            Some(("*", "")) => Some("{*rest}".to_owned()),
            Some(("*", name)) => Some(format!("{{*{name}}}")),
            _ => None,
        };
        if let Some(meant) = meant {
            let place = part(node, text, at..end);
            let message = format!("`{segment}` stands for nothing but itself");
            let problem = Problem::error(&place, message);
            let problem = problem.label(format!("a parameter is written `{meant}`"));
            return Some(if place == node.place { problem } else { problem.replace_by(meant) });
        }
        at = end + 1;
    }
    None
}
