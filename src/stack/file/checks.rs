//! What sections say to what the rest of the file says.

use super::{Node, Problem, Problems, merged::Merged, values::known_keys};
use crate::stack::settings::Section;

/// Keys that only work if something else is said, or if the program brings them.
pub(super) fn keys(tree: &Node, merged: &Merged, names: &[String], problems: &mut Problems) {
    let has_proxies = tree.get("trusted_proxies").is_some();
    for scope in merged.all() {
        for section in Section::ALL {
            let Some(section) = scope.get(section.name()) else { continue };
            known_keys(section, names, problems);
            if let Some(key) = section.get("key").filter(|_| !has_proxies) {
                forwarded(key, problems);
            }
        }
    }
}

fn forwarded(node: &Node, problems: &mut Problems) {
    if node.as_text() == Some("forwarded") {
        let message = "the key `forwarded` needs to know whom to believe";
        let problem = Problem::error(&node.place, message).label("there is no [trusted_proxies]");
        let help = "add [trusted_proxies] with the networks of the proxies in front, such as \
                    cidrs = [\"10.0.0.0/8\"]; without proxies the key is \"peer_ip\"";
        problems.add(problem.help(help));
    }
    for part in node.items() {
        forwarded(part, problems);
    }
}
