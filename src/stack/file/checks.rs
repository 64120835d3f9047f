//! What sections say to what the rest of the file says.

use super::{Node, Problem, Problems, merged::Merged, values::known_keys};
use crate::stack::settings::Section;

/// Keys that only work if something else is said, or if the program brings them.
pub(super) fn keys(tree: &Node, merged: &Merged, names: &[String], problems: &mut Problems) {
    let proxies = tree.get("trusted_proxies");
    let mut is_used = false;
    for scope in merged.all() {
        for section in Section::ALL {
            let Some(section) = scope.get(section.name()) else { continue };
            known_keys(section, names, problems);
            let lists = ["exempt", "deny"].into_iter().filter_map(|list| section.get(list));
            is_used |= lists.into_iter().any(|list| !list.items().is_empty());
            let Some(key) = section.get("key") else { continue };
            is_used |= is_forwarded(key);
            if proxies.is_none() {
                forwarded(key, problems);
            }
        }
    }
    if let Some(proxies) = proxies.filter(|_| !is_used) {
        let problem = Problem::warning(&proxies.place, "nothing asks whom the proxies ask for")
            .label("no key is `forwarded`");
        let help = "behind a proxy every request has the proxy's `peer_ip`: clients are told apart by \
                    key = \"forwarded\"";
        problems.add(problem.help(help));
    }
}

fn is_forwarded(key: &Node) -> bool {
    key.as_text() == Some("forwarded") || key.items().iter().any(is_forwarded)
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
