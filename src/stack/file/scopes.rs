//! The sections of the defaults and of routes.

use super::{Entry, Fields, Node, Origin, Problem, Problems, Value, sections};
use crate::stack::settings::{Scope, Section};

/// `[defaults]`. Where a route states policies, the defaults need not.
pub(super) fn defaults(node: &Node, routes: &[Node], problems: &mut Problems) -> Scope {
    let Some(mut fields) = Fields::of(node, "defaults", problems) else {
        return Scope::default();
    };
    for section in Section::ALL {
        fields.node(section.name());
    }
    fields.finish();
    let states_policies = |route: &Node| has_policies(route.get(Section::RateLimit.name()));
    scope(node, routes.iter().any(states_policies), problems)
}

fn has_policies(rate_limit: Option<&Node>) -> bool {
    rate_limit.is_some_and(|section| section.get("policies").is_some())
}

/// What routes have from the defaults: what else is wrong there is not wrong of each route.
pub(super) fn inheritable(defaults: &Node) -> Node {
    let is_section = |key: &str| Section::ALL.iter().any(|section| section.name() == key);
    let sections = defaults.entries().iter().filter(|entry| is_section(&entry.key));
    Node { value: Value::Table(sections.cloned().collect()), place: defaults.place.clone() }
}

/// The sections of a merged tree. With `is_base` a rate limit without policies is for others to complete.
pub(super) fn scope(node: &Node, is_base: bool, problems: &mut Problems) -> Scope {
    let rate_limit = node.get(Section::RateLimit.name());
    let is_preset =
        rate_limit.is_some_and(|node| matches!(*node.place.origin, Origin::Preset { .. }));
    let incomplete = rate_limit
        .filter(|node| matches!(node.value, Value::Table(_)) && !has_policies(Some(node)))
        .filter(|_| is_base || is_preset);
    if let Some(incomplete) = incomplete {
        sections::rate_limit(&completed(incomplete), problems);
    }
    let rate_limit = match incomplete {
        Some(_) => None,
        None => section(node, Section::RateLimit, sections::rate_limit, problems),
    };
    Scope {
        profile: section(node, Section::Profile, sections::profile, problems),
        rate_limit,
        cache: section(node, Section::Cache, sections::cache, problems),
        coalesce: section(node, Section::Coalesce, sections::coalesce, problems),
        concurrency: section(node, Section::Concurrency, sections::concurrency, problems),
        circuit_breaker: section(
            node,
            Section::CircuitBreaker,
            sections::circuit_breaker,
            problems,
        ),
    }
}

/// With a policy, so that what else is said of a rate limit can be read.
fn completed(section: &Node) -> Node {
    let place = &section.place;
    let node = |value| Node { value, place: place.clone() };
    let policies = node(Value::Array(vec![node(Value::Text("1/second".to_owned()))]));
    let policies = Entry { key: "policies".to_owned(), place: place.clone(), node: policies };
    let entries = section.entries().iter().cloned().chain([policies]);
    node(Value::Table(entries.collect()))
}

fn section<T>(
    scope: &Node,
    section: Section,
    read: fn(&Node, &mut Problems) -> Option<T>,
    problems: &mut Problems,
) -> Option<T> {
    let node = scope.get(section.name())?;
    match &node.value {
        Value::Boolean(false) => None,
        Value::Boolean(true) => {
            read(&Node { value: Value::Table(Vec::new()), place: node.place.clone() }, problems)
        }
        Value::Table(_) => read(node, problems),
        _ => {
            problems.add(no_section(node, section));
            None
        }
    }
}

fn no_section(node: &Node, section: Section) -> Problem {
    let name = section.name();
    let message = format!("`{name}` is {}, not a table", node.kind());
    let problem = Problem::error(&node.place, message).label("expected a table, true or false");
    let written = node.place.text();
    let key = match (section, &node.value) {
        (Section::RateLimit, Value::Array(_)) => Some("policies"),
        (Section::Concurrency, Value::Integer(_)) => Some("limit"),
        (Section::Cache, Value::Text(_)) => Some("ttl"),
        (Section::CircuitBreaker, Value::Text(_) | Value::Integer(_)) => Some("window"),
        _ => None,
    };
    match (section, &node.value, key) {
        (_, _, Some(key)) => {
            problem.help("the value needs its key").replace_by(format!("{{ {key} = {written} }}"))
        }
        (Section::RateLimit, Value::Text(_), _) => problem
            .help("the value needs its key")
            .replace_by(format!("{{ policies = [{written}] }}")),
        _ => problem.help(format!("{name} = true, {name} = false, or {name} = {{ … }}")),
    }
}
