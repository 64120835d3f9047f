use std::collections::HashMap;

use http::Method;

use crate::{
    error::ConfigError,
    route::RouteTable,
    stack::{
        file::{Node, Place, Problem, Problems},
        settings::Route,
    },
};

/// Reports routes of which one request could belong to two, and such as are called the same.
pub(in crate::stack::file) fn overlaps(routes: &[(Route, Node)], problems: &mut Problems) {
    let mut patterns = HashMap::new();
    let mut names = HashMap::new();
    let mut apart = Vec::new();
    for (route, node) in routes {
        let shape = shape(&route.path);
        let same =
            methods(route).find_map(|method| patterns.get(&(method, shape.clone())).copied());
        let namesake = *names.entry(&route.name).or_insert(node);
        match same {
            Some((other, other_node)) => problems.add(overlapping(route, node, other, other_node)),
            None => {
                apart.push((route, node));
                if !std::ptr::eq(namesake, node) {
                    problems.add(called_alike(route, node, namesake));
                }
            }
        }
        for method in methods(route) {
            patterns.entry((method, shape.clone())).or_insert((route, node));
        }
    }
    if table(apart.iter().map(|(route, _)| *route)).is_err() {
        undecided(&apart, problems);
    }
}

fn called_alike(route: &Route, node: &Node, namesake: &Node) -> Problem {
    Problem::error(place(node, "name"), format!("two routes are called `{}`", route.name))
        .label("the second")
        .related(place(namesake, "name"), "the first")
        .help("names tell routes apart in metrics and variables")
}

fn overlapping(route: &Route, node: &Node, other: &Route, other_node: &Node) -> Problem {
    let (here, there) = (route.pattern(), other.pattern());
    let message = match route.path == other.path {
        true if here == there => format!("there are two routes `{here}`"),
        _ => format!("the routes `{there}` and `{here}` overlap"),
    };
    let problem = Problem::error(place(node, "path"), message)
        .label("the second")
        .related(place(other_node, "path"), "the first");
    let common: Vec<_> = route.methods.iter().filter(|m| other.methods.contains(m)).collect();
    problem.help(match (&*common, route.path == other.path) {
        ([], true) => "merge the two, or give each `methods` of its own".to_owned(),
        ([], false) => "parameters match alike whatever they are called: merge the two".to_owned(),
        (common, _) => {
            let common: Vec<_> = common.iter().map(|method| method.as_str()).collect();
            format!("both have {}: merge the two, or part their methods", common.join(", "))
        }
    })
}

/// Patterns that are written differently, and that the table of routes still cannot part.
fn undecided(routes: &[(&Route, &Node)], problems: &mut Problems) {
    for (index, (route, node)) in routes.iter().enumerate() {
        let other = routes[..index].iter().find(|(other, _)| table([*other, *route]).is_err());
        if let Some((other, other_node)) = other {
            let help = "a parameter and the rest of the path cannot stand at the same place";
            problems.add(overlapping(route, node, other, other_node).help(help));
        }
    }
}

fn table<'a>(routes: impl IntoIterator<Item = &'a Route>) -> Result<RouteTable<()>, ConfigError> {
    let mut table = RouteTable::new();
    for route in routes {
        for method in methods(route) {
            table = table.try_route(method.cloned(), &route.path, ())?;
        }
    }
    Ok(table)
}

/// What it is there for; `None` for all. A route with methods counts before one for all of them.
fn methods(route: &Route) -> impl Iterator<Item = Option<&Method>> {
    let all = route.methods.is_empty().then_some(None);
    route.methods.iter().map(Some).chain(all)
}

/// A pattern without the names of its parameters.
fn shape(path: &str) -> String {
    let mut shape = String::with_capacity(path.len());
    let mut chars = path.chars().peekable();
    while let Some(c) = chars.next() {
        shape.push(c);
        if c != '{' {
            continue;
        }
        match chars.peek() {
            // A brace itself.
            Some('{') => shape.extend(chars.next()),
            first => {
                shape.extend(first.filter(|first| **first == '*'));
                shape.extend(chars.by_ref().find(|c| *c == '}'));
            }
        }
    }
    shape
}

fn place<'a>(node: &'a Node, key: &str) -> &'a Place {
    node.get(key).map_or(&node.place, |node| &node.place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_compared_without_the_names_of_their_parameters() {
        assert_eq!(shape("/users/{id}/x"), shape("/users/{name}/x"));
        assert_eq!(shape("/files/{*rest}"), shape("/files/{*path}"));
        assert_ne!(shape("/files/{*rest}"), shape("/files/{rest}"));
        assert_ne!(shape("/{{a}}"), shape("/{{b}}"));
    }
}
