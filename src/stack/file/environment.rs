//! Single values by environment variables: `WEIR_DEFAULTS__CONCURRENCY__LIMIT=128`.

use std::{ops::Range, sync::Arc};

use super::{
    Entry, Node, Origin, Place, Problem, Problems, Value,
    overlay::{SCOPE, WHOLE, overlay},
    parse,
    values::similar,
};

const PREFIX: &str = "WEIR_";
const PARTS: &str = "__";
/// Those that need no `__`, and what they set.
const SHORT: [(&str, &[&str]); 3] =
    [("PRESET", &["preset"]), ("WATCH", &["watch"]), ("REDIS_URL", &["redis", "url"])];
/// What the others begin with.
const TABLES: [&str; 5] = ["DEFAULTS", "ROUTE", "TRUSTED_PROXIES", "STORES", "REDIS"];

/// The file's tree, with what variables say instead.
pub(super) fn overridden(
    mut tree: Node,
    variables: &[(String, String)],
    problems: &mut Problems,
) -> Node {
    let names = RouteNames::of(&tree);
    // Of a table and one of its keys the table comes first.
    let mut variables: Vec<_> = variables.iter().collect();
    variables.sort();
    for (name, value) in variables {
        // To set one to nothing is how some unset it.
        if let Some(rest) = name.strip_prefix(PREFIX).filter(|_| !value.is_empty()) {
            let text = format!("{name}={value}");
            let origin = Arc::new(Origin::Variable { name: name.clone(), text });
            let variable = Variable { origin, name, rest };
            variable.lay_over(&mut tree, &names, problems);
        }
    }
    tree
}

struct Variable<'a> {
    origin: Arc<Origin>,
    name: &'a str,
    /// Of the name, after the prefix.
    rest: &'a str,
}

impl Variable<'_> {
    fn lay_over(&self, tree: &mut Node, names: &RouteNames, problems: &mut Problems) {
        if let Some((_, path)) = SHORT.iter().find(|(name, _)| *name == self.rest) {
            let whole = PREFIX.len()..self.name.len();
            let parts = path.iter().map(|key| ((*key).to_owned(), whole.clone())).collect();
            let Some(over) = self.tree(parts, problems) else { return };
            *tree = overlay(tree, &over, WHOLE);
            return;
        }
        let Some((table, rest)) = self.rest.split_once(PARTS) else {
            self.warn_if_near(problems);
            return;
        };
        if table != "ROUTE" {
            let Some(over) = self.tree(self.parts(PREFIX.len()), problems) else { return };
            *tree = overlay(tree, &over, WHOLE);
            return;
        }
        let Some((index, length)) = self.route(rest, names, problems) else { return };
        let from = self.name.len() - rest.len() + length;
        let Some(over) = self.tree(self.parts(from), problems) else { return };
        if let Some(route) = route_mut(tree, index) {
            // Where the route begins is where it is written.
            let place = route.place.clone();
            *route = Node { place, ..overlay(route, &over, SCOPE) };
        }
    }

    /// The keys in the name from a byte on, and where they are.
    fn parts(&self, from: usize) -> Vec<(String, Range<usize>)> {
        let mut at = from;
        let parts = self.name[from..].split(PARTS).map(|part| {
            let span = at..at + part.len();
            at = span.end + PARTS.len();
            (part.to_lowercase(), span)
        });
        parts.collect()
    }

    /// The value, in a table for each part of the name.
    fn tree(&self, parts: Vec<(String, Range<usize>)>, problems: &mut Problems) -> Option<Node> {
        let mut node = self.value(problems)?;
        for (key, span) in parts.into_iter().rev() {
            let place = Place::new(&self.origin, span);
            let entry = Entry { key, place: place.clone(), node };
            node = Node { value: Value::Table(vec![entry]), place };
        }
        Some(node)
    }

    /// A TOML value if it is one, else a text.
    fn value(&self, problems: &mut Problems) -> Option<Node> {
        let offset = self.name.len() + 1;
        if let Some(node) = parse::value(&self.origin, offset, problems) {
            return Some(node);
        }
        let text = &self.origin.text()[offset..];
        let place = Place::new(&self.origin, offset..offset + text.len());
        if text.starts_with(['[', '{', '"']) {
            let message = format!("the value of `{}` is not TOML", self.name);
            problems.add(
                Problem::error(&place, message)
                    .label("begins like a list, a table or a quoted text")
                    .help("such as [\"100/minute\", \"20/second\"]; a plain text needs no quotes here"),
            );
            return None;
        }
        Some(Node { value: Value::Text(text.to_owned()), place })
    }

    /// Which route `rest` names, and how long its name is with what parts it from the keys.
    fn route(
        &self,
        rest: &str,
        names: &RouteNames,
        problems: &mut Problems,
    ) -> Option<(usize, usize)> {
        let matching = names.0.iter().filter_map(|(name, index, _)| {
            let keys = rest.strip_prefix(&**name)?;
            keys.starts_with(PARTS).then_some((*index, name.len() + PARTS.len()))
        });
        let longest = matching.clone().map(|(_, length)| length).max();
        let mut found: Vec<_> = matching.filter(|(_, length)| Some(*length) == longest).collect();
        found.dedup();
        let at = self.name.len() - rest.len();
        let written = rest.split(PARTS).next().unwrap_or(rest);
        let place = Place::new(&self.origin, at..at + written.len());
        let problem = match &*found {
            [route] => return Some(*route),
            [] => {
                let message = format!("`{}` sets nothing: there is no such route", self.name);
                let problem = Problem::error(&place, message);
                let all = names.0.iter().map(|(name, ..)| &**name);
                let problem = match similar(written, all.clone()) {
                    Some(meant) => problem.label("not a route").replace_by(meant),
                    None => problem.label("not the name of a route"),
                };
                let all: Vec<_> = all.collect();
                match &*all {
                    [] => problem.help("the file has no routes"),
                    all => problem.help(format!("the routes are called {}", all.join(", "))),
                }
            }
            [(first, _), ..] => {
                let message = format!("`{}` means more than one route", self.name);
                let problem = Problem::error(&place, message).label("ambiguous");
                let problem = match names.0.iter().find(|(_, index, _)| index == first) {
                    Some((_, _, place)) => problem.related(place, "one of them"),
                    None => problem,
                };
                problem.help("give them a `name` each")
            }
        };
        problems.add(problem);
        None
    }

    /// What is not ours may still be a slip.
    fn warn_if_near(&self, problems: &mut Problems) {
        // As Kubernetes sets for a service that is called `weir`, or begins so.
        if ["SERVICE_", "PORT"].iter().any(|part| self.rest.contains(part)) {
            return;
        }
        let near = SHORT.iter().map(|(name, _)| *name);
        let meant = match TABLES.iter().find_map(|table| {
            let keys = self.rest.strip_prefix(table)?.strip_prefix('_')?;
            Some(format!("{PREFIX}{table}{PARTS}{keys}"))
        }) {
            Some(meant) => meant,
            None => match similar(self.rest, near) {
                Some(meant) => format!("{PREFIX}{meant}"),
                None => return,
            },
        };
        let place = Place::new(&self.origin, 0..self.name.len());
        let message = format!("`{}` sets nothing", self.name);
        problems.add(
            Problem::warning(&place, message)
                .label("not a variable that is known")
                .help("two underscores part the keys")
                .replace_by(meant),
        );
    }
}

/// What variables call the routes: name, index and place of each. A route may have two.
struct RouteNames(Vec<(String, usize, Place)>);

impl RouteNames {
    fn of(tree: &Node) -> Self {
        let routes = tree.get("route").map_or(&[][..], Node::items);
        let mut names = Vec::new();
        for (index, route) in routes.iter().enumerate() {
            let name = match route.get("name").and_then(Node::as_text) {
                Some(name) => name.to_owned(),
                None => unnamed(route),
            };
            let plain = spelled(&name);
            let words = plain.split('_').filter(|word| !word.is_empty());
            let short = words.collect::<Vec<_>>().join("_");
            names.push((short.clone(), index, route.place.clone()));
            if short != plain {
                names.push((plain, index, route.place.clone()));
            }
        }
        names.retain(|(name, ..)| !name.is_empty());
        Self(names)
    }
}

/// What a route is called that has no name.
fn unnamed(route: &Node) -> String {
    let methods = route.get("methods").map_or(&[][..], Node::items);
    let methods: Vec<_> = methods.iter().filter_map(Node::as_text).collect();
    let path = route.get("path").and_then(Node::as_text).unwrap_or_default();
    format!("{} {path}", methods.join("|"))
}

/// In capitals; whatever else than letters and digits as `_`.
fn spelled(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    name.chars().map(letter).collect()
}

fn route_mut(tree: &mut Node, index: usize) -> Option<&mut Node> {
    let Value::Table(entries) = &mut tree.value else { return None };
    let route = entries.iter_mut().find(|entry| entry.key == "route")?;
    let Value::Array(routes) = &mut route.node.value else { return None };
    routes.get_mut(index)
}
