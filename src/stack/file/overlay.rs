//! What is said at one place, and what is said more specifically at another: key by key, the latter counts.

use super::{Node, Value};

/// Levels of tables in a whole text: itself, `defaults`, a section. Below that values are replaced whole.
pub(super) const WHOLE: usize = 3;
/// In what is said of a route: itself, a section.
pub(super) const SCOPE: usize = 2;

/// Keys that say more about another key, and nothing without it: who replaces that one starts afresh.
const BELONGING: &[(&str, &[&str])] = &[("limit", &["min", "initial", "max"])];

/// `over` laid over `base`. Tables are merged for so many levels.
pub(super) fn overlay(base: &Node, over: &Node, levels: usize) -> Node {
    match (&base.value, &over.value) {
        (Value::Table(below), Value::Table(above)) if levels > 0 => {
            let mut entries: Vec<_> =
                below.iter().filter(|entry| !is_dropped(&entry.key, over)).cloned().collect();
            for entry in above {
                match entries.iter_mut().find(|below| below.key == entry.key) {
                    Some(below) => {
                        let node = overlay(&below.node, &entry.node, levels - 1);
                        *below = super::Entry { node, ..entry.clone() };
                    }
                    None => entries.push(entry.clone()),
                }
            }
            Node { value: Value::Table(entries), place: over.place.clone() }
        }
        // On, with what is inherited.
        (Value::Table(_), Value::Boolean(true)) if levels > 0 => {
            Node { value: base.value.clone(), place: over.place.clone() }
        }
        _ => over.clone(),
    }
}

fn is_dropped(key: &str, over: &Node) -> bool {
    BELONGING.iter().any(|(to, keys)| keys.contains(&key) && over.get(to).is_some())
}
