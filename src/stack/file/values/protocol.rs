use http::{HeaderName, Method};

use super::{part::not, similar, text::text_of};
use crate::stack::file::{Node, Problem, Problems};

/// The name of a header field, in any case.
pub(in crate::stack::file) fn header_name(
    node: &Node,
    problems: &mut Problems,
) -> Option<HeaderName> {
    let text = text_of(node, "the name of a header field", problems)?;
    let name = header_of(text.trim());
    if name.is_none() {
        let help = "a single name without a colon, such as \"accept\" or \"x-api-key\"";
        problems.add(not(node, "the name of a header field").help(help));
    }
    name
}

/// `*` would be a name by its letters; as a field that something varies by it stands for everything.
pub(super) fn header_of(text: &str) -> Option<HeaderName> {
    HeaderName::from_bytes(text.as_bytes()).ok().filter(|name| name != "*")
}

const METHODS: [&str; 9] =
    ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE"];

/// A method. They are case-sensitive, and there may be more than those that HTTP has.
pub(in crate::stack::file) fn method(node: &Node, problems: &mut Problems) -> Option<Method> {
    let help = "a method such as \"GET\" or \"POST\"";
    let text = text_of(node, "a method", problems)?;
    let Ok(method) = Method::from_bytes(text.as_bytes()) else {
        let problem = not(node, "a method").help(help);
        problems.add(match similar(text, METHODS) {
            Some(meant) => problem.replace_by(format!("{meant:?}")),
            None => problem,
        });
        return None;
    };
    if text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        let problem = Problem::error(&node.place, format!("no request has the method `{text}`"));
        let meant = text.to_uppercase();
        problems.add(
            problem
                .label("methods are written in capitals")
                .help(help)
                .replace_by(format!("{meant:?}")),
        );
        return None;
    }
    if let Some(meant) = similar(text, METHODS).filter(|meant| *meant != text) {
        let problem = Problem::warning(&node.place, format!("`{text}` is no method of HTTP"));
        problems.add(
            problem.label(format!("did you mean {meant:?}?")).replace_by(format!("{meant:?}")),
        );
    }
    Some(method)
}
