use crate::{
    route::RouteTable,
    stack::{
        file::{Node, Place, Problem, Problems},
        settings::Route,
    },
};

/// Reports routes of which one request could belong to two, and such as are called the same.
pub(in crate::stack::file) fn overlaps(routes: &[(Route, Node)], problems: &mut Problems) {
    for (index, (route, node)) in routes.iter().enumerate() {
        let before = &routes[..index];
        let same = before.iter().find(|(other, _)| {
            shape(&other.path) == shape(&route.path) && share_method(other, route)
        });
        match same {
            Some((other, other_node)) => problems.add(overlapping(route, node, other, other_node)),
            None => undecided(route, node, before, problems),
        }
        let namesake = before.iter().find(|(other, _)| other.name == route.name);
        // Of two that overlap it is said already.
        if let (Some((_, other)), None) = (namesake, same) {
            let message = format!("two routes are called `{}`", route.name);
            let problem = Problem::error(place(node, "name"), message)
                .label("the second")
                .related(place(other, "name"), "the first");
            problems.add(problem.help("names tell routes apart in metrics and variables"));
        }
    }
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

/// What patterns only the table of routes finds to be alike.
fn undecided(route: &Route, node: &Node, before: &[(Route, Node)], problems: &mut Problems) {
    let others = before.iter().filter(|(other, _)| share_method(other, route));
    for (other, other_node) in others {
        let table = RouteTable::<()>::new().try_route(None, &other.path, ());
        let Ok(table) = table else { continue };
        if table.try_route(None, &route.path, ()).is_err() {
            let help = "a parameter and the rest of the path cannot stand at the same place";
            problems.add(overlapping(route, node, other, other_node).help(help));
            return;
        }
    }
}

/// A route with methods counts before one for all of them.
fn share_method(one: &Route, other: &Route) -> bool {
    match (&*one.methods, &*other.methods) {
        ([], []) => true,
        (one, other) => one.iter().any(|method| other.contains(method)),
    }
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
