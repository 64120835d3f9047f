use super::{
    part::{not, part},
    protocol::header_of,
    similar,
};
use crate::stack::{
    file::{Node, Place, Problem, Problems, Value},
    settings::Key,
};

const HELP: &str = "\"global\", \"peer_ip\", \"forwarded\", \"header:NAME\", a name that the program has given to a key of its \
                    own, or a list of two to four of these";
const BUILT_IN: [&str; 3] = ["global", "peer_ip", "forwarded"];

/// Who requests are counted for.
///
/// Names are taken as they are: which of them the program knows is for [`known_keys`] to say.
pub(in crate::stack::file) fn key(node: &Node, problems: &mut Problems) -> Option<Key> {
    let Value::Array(parts) = &node.value else { return single(node, problems) };
    let keys: Vec<_> = parts.iter().map(|part| single(part, problems)).collect();
    let problem = match &*keys {
        [] | [_] => "a list of keys is one of two or more",
        _ if keys.len() > 4 => "a list of keys is one of four at most",
        _ if keys.contains(&Some(Key::Global)) => "`global` tells nobody apart",
        _ => return keys.into_iter().collect::<Option<_>>().map(Key::All),
    };
    problems.add(Problem::error(&node.place, problem).help(HELP));
    None
}

fn single(node: &Node, problems: &mut Problems) -> Option<Key> {
    let Value::Text(text) = &node.value else {
        problems.add(not(node, "a key").help(HELP));
        return None;
    };
    let key = match &**text {
        "global" => Some(Key::Global),
        "peer_ip" => Some(Key::PeerIp),
        "forwarded" => Some(Key::Forwarded),
        text => match text.split_once(':') {
            Some(("header", name)) => header_of(name.trim()).map(Key::Header),
            None if is_name(text) => Some(Key::Named(text.to_owned())),
            _ => None,
        },
    };
    if key.is_none() {
        let (place, label) = match text.split_once(':') {
            Some(("header", name)) => {
                let from = text.len() - name.len();
                (part(node, text, from..text.len()), "not the name of a header field")
            }
            _ => (node.place.clone(), "expected a key"),
        };
        let message = format!("{text:?} is not a key");
        problems.add(Problem::error(&place, message).label(label).help(HELP));
    }
    key
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Reports the names of keys in a section that the program has given to none.
pub(in crate::stack::file) fn known_keys(
    section: &Node,
    names: &[String],
    problems: &mut Problems,
) {
    let Some(node) = section.get("key") else { return };
    let parts = match &node.value {
        Value::Array(parts) => &**parts,
        _ => std::slice::from_ref(node),
    };
    for part in parts {
        if let Value::Text(text) = &part.value
            && is_name(text)
            && !BUILT_IN.contains(&&**text)
            && !names.contains(text)
        {
            problems.add(unknown(&part.place, text, names));
        }
    }
}

fn unknown(place: &Place, text: &str, names: &[String]) -> Problem {
    let problem = Problem::error(place, format!("there is no key {text:?}")).help(HELP);
    match similar(text, BUILT_IN.into_iter().chain(names.iter().map(|name| &**name))) {
        Some(meant) => {
            problem.label(format!("did you mean {meant:?}?")).replace_by(format!("{meant:?}"))
        }
        None => problem.label("the program has no key of this name"),
    }
}
