use std::sync::Arc;

use http::Method;

use super::overlaps;
use crate::stack::{
    file::{
        Fields, Node, Place, Problem, Problems, Value,
        overlay::{SCOPE, overlay},
        problem::Severity,
        scopes,
        values::{list_of, method, path_pattern, text},
    },
    settings::{Route, Section, Settings},
};

/// Every `[[route]]`, with its merged tree. Those of which path or methods are wrong are left out.
pub(in crate::stack::file) fn all(
    node: &Node,
    inherited: &Node,
    problems: &mut Problems,
) -> Vec<(Route, Node)> {
    let Value::Array(routes) = &node.value else {
        let problem = Problem::error(&node.place, "routes are a list");
        problems.add(match node.place.text() {
            "[route]" => {
                problem.help("each has a header in double brackets").replace_by("[[route]]")
            }
            _ => problem.label("expected a list").help("write a [[route]] for each"),
        });
        return Vec::new();
    };
    let read: Vec<_> = routes.iter().map(|route| one(route, inherited, problems)).collect();
    let read: Vec<_> = read.into_iter().flatten().collect();
    overlaps(&read, problems);
    read
}

fn one(node: &Node, inherited: &Node, problems: &mut Problems) -> Option<(Route, Node)> {
    let mut fields = Fields::of(node, "route", problems)?;
    let path = fields.value("path", None, |node, problems| path(node, problems).map(Some));
    let methods = fields.value("methods", Vec::new(), methods);
    let name = fields.value("name", None, |node, problems| name_of(node, problems).map(Some));
    let own: Vec<_> =
        Section::ALL.into_iter().filter(|own| fields.node(own.name()).is_some()).collect();
    if path == Some(None) {
        let problem = Problem::error(fields.place(), "a route needs a path");
        fields.problems().add(problem.label("no `path`").help("such as path = \"/search\""));
    }
    fields.finish();
    let merged = overlay(inherited, node, SCOPE);
    let scope = scope(node, &merged, problems);
    // With a profile it says what its requests are called there.
    if own.is_empty() && path != Some(None) && scope.profile.is_none() {
        let problem = Problem::warning(&node.place, "this route says nothing")
            .label("has all that it has from the defaults");
        problems.add(problem.help("leave it out, or say what is different here"));
    }
    let mut route = Route { name: String::new(), path: path??, methods: methods?, scope, own };
    unsafe_only(&route, node, problems);
    route.name = name?.unwrap_or_else(|| route.pattern());
    Some((route, merged))
}

/// The sections. Of what is inherited it has been said already what is suspicious.
fn scope(own: &Node, merged: &Node, problems: &mut Problems) -> crate::stack::settings::Scope {
    let mut found = Problems::default();
    let is_base = own.get(Section::RateLimit.name()).is_none();
    let scope = scopes::scope(merged, is_base, &mut found);
    for problem in found.0 {
        if problem.severity == Severity::Error || is_written_in(own, &problem.place) {
            problems.add(problem);
        }
    }
    scope
}

fn is_written_in(node: &Node, place: &Place) -> bool {
    let is_here = |here: &Place| here.holds(place);
    is_here(&node.place)
        || node.items().iter().any(|item| is_written_in(item, place))
        || node
            .entries()
            .iter()
            .any(|entry| is_here(&entry.place) || is_written_in(&entry.node, place))
}

fn path(node: &Node, problems: &mut Problems) -> Option<String> {
    if let Some((method, path)) = node.as_text().and_then(|text| text.split_once(" /"))
        && method.bytes().all(|byte| byte.is_ascii_alphabetic())
    {
        let problem = Problem::error(&node.place, "a path is written without a method")
            .label("a method and a path")
            .help(format!("and methods = [{:?}]", method.to_uppercase()));
        problems.add(problem.replace_by(format!("\"/{path}\"")));
        return None;
    }
    let path = path_pattern(node, problems)?;
    if path.contains("//") {
        let problem = Problem::warning(&node.place, "an empty segment is in this path")
            .label("only requests with the same `//` are meant");
        problems.add(problem.replace_by(format!("\"{}\"", without_empty(&path))));
    }
    if path.split('/').any(|segment| segment == "." || segment == "..") {
        let message = "no client sends `.` or `..` as a segment of a path";
        problems.add(Problem::error(&node.place, message).label("no request has this path"));
        return None;
    }
    Some(path)
}

fn without_empty(path: &str) -> String {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    let end = if path.ends_with('/') { "/" } else { "" };
    format!("/{}{end}", segments.collect::<Vec<_>>().join("/"))
}

/// What is at work for requests of no route has a name too, by which limits, metrics and handles find it.
fn name_of(node: &Node, problems: &mut Problems) -> Option<String> {
    let name = text(node, problems)?;
    if name == Settings::DEFAULTS {
        let message = format!("`{name}` is what requests of no route are counted as");
        let problem = Problem::error(&node.place, message).label("taken");
        problems.add(problem.help("call this route otherwise"));
        return None;
    }
    Some(name)
}

fn methods(node: &Node, problems: &mut Problems) -> Option<Vec<Method>> {
    let methods = list_of(method)(node, problems)?;
    if methods.is_empty() {
        let problem =
            Problem::error(&node.place, "a route without methods is never met").label("no method");
        problems.add(problem.help("leave `methods` out to mean all of them"));
        return None;
    }
    for (index, method) in methods.iter().enumerate() {
        if methods[..index].contains(method) {
            let place = node.items().get(index).map_or(&node.place, |item| &item.place);
            problems.add(Problem::warning(place, format!("`{method}` is there twice")));
        }
    }
    let mut once = Vec::with_capacity(methods.len());
    methods.into_iter().for_each(|method| {
        if !once.contains(&method) {
            once.push(method);
        }
    });
    if once == [Method::CONNECT] {
        let message = "a CONNECT request has no path, so that it meets no route";
        problems.add(Problem::warning(&node.place, message));
    }
    Some(once)
}

/// A cache keeps responses to GET and HEAD; the same requests are coalesced.
fn unsafe_only(route: &Route, node: &Node, problems: &mut Problems) {
    let is_asked = |method: &Method| [Method::GET, Method::HEAD].contains(method);
    if route.methods.is_empty() || route.methods.iter().any(is_asked) {
        return;
    }
    let on = [
        (Section::Cache, route.scope.cache.is_some()),
        (Section::Coalesce, route.scope.coalesce.is_some()),
    ];
    for (section, _) in on.iter().filter(|(section, on)| *on && route.own.contains(section)) {
        let name = section.name();
        let Some(entry) = node.entry(name) else { continue };
        let methods: Vec<_> = route.methods.iter().map(Method::as_str).collect();
        let message = format!("`{name}` does nothing for {}", methods.join(", "));
        let problem = Problem::warning(&entry.place, message).label("only GET and HEAD are meant");
        let problem = match node.get("methods") {
            Some(methods) if Arc::ptr_eq(&methods.place.origin, &entry.place.origin) => {
                problem.related(&methods.place, "neither is here")
            }
            _ => problem,
        };
        problems.add(problem.help("leave it out, or add GET to the methods"));
    }
}
