use std::{fmt, sync::Arc};

use super::{RouteTable, names::Names, path::matched_pattern};
use crate::{head::Head, reject::is_grpc};

/// The label of every request that belongs to no known route.
pub const UNMATCHED: &str = "_unmatched";

/// The name of a route in metrics and tables.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RouteLabel(Arc<str>);

impl RouteLabel {
    /// The label as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RouteLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for RouteLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names the route of a request, with a bounded number of different names.
///
/// ```
/// use http::Request;
/// use tower_weir::{head::Head, route::{RouteLabels, RouteTable}};
///
/// let labels = RouteLabels::new(1_000).table(RouteTable::<()>::new().route("/users/{id}", ()));
/// let of = |path: &str| {
///     let request = Request::builder().uri(path).body(()).unwrap();
///     labels.of(&Head::of(&request)).to_string()
/// };
/// assert_eq!(of("/users/7"), "/users/{id}");
/// assert_eq!(of("/wp-login.php"), "_unmatched");
/// ```
///
/// The name is the pattern that axum matched (feature `axum`), or else the table's, or else for a gRPC request its path, which
/// is `/package.Service/Method`, or else [`UNMATCHED`]. A gRPC request is also named by its path where the pattern stands for
/// all methods of a service. Any other path is never a name, since clients choose it.
///
/// There are as many patterns as the program has routes. Clients choose the paths of gRPC requests too, so of those at most
/// `capacity` become names; what comes later is [`UNMATCHED`]. Clones share the names.
#[derive(Clone, Debug)]
pub struct RouteLabels {
    namer: RouteNamer,
    patterns: Arc<Names<RouteLabel>>,
    rpcs: Arc<Names<RouteLabel>>,
    unmatched: RouteLabel,
}

/// Finds what a request may be named by.
#[derive(Clone, Debug, Default)]
pub(crate) struct RouteNamer {
    patterns: Patterns,
}

/// What names a request where the framework does not.
#[derive(Clone, Debug, Default)]
enum Patterns {
    #[default]
    None,
    Table(Arc<RouteTable<()>>),
    /// The pattern of all requests that come here.
    #[cfg(feature = "config")]
    One(Arc<str>),
}

/// What a request may be named by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RouteName<'a> {
    /// A pattern of the program's: there are only so many.
    Pattern(&'a str),
    /// A gRPC method, which the client may have made up.
    Rpc(&'a str),
    /// Nothing is known of it but its path.
    Unmatched,
}

impl RouteNamer {
    /// Names requests also by the patterns of `table`.
    pub(crate) fn table<T>(self, table: RouteTable<T>) -> Self {
        Self { patterns: Patterns::Table(Arc::new(table.map(|_, _| ()))) }
    }

    /// Names requests by this pattern, if the framework has not matched another.
    #[cfg(feature = "config")]
    pub(crate) fn pattern(self, pattern: &str) -> Self {
        Self { patterns: Patterns::One(pattern.into()) }
    }

    /// Of a request that speaks gRPC or does not.
    #[inline]
    pub(crate) fn name<'a>(&'a self, head: &Head<'a>, is_grpc: bool) -> RouteName<'a> {
        let ours = || match &self.patterns {
            Patterns::None => None,
            Patterns::Table(table) => table.pattern(head),
            #[cfg(feature = "config")]
            Patterns::One(pattern) => Some(&**pattern),
        };
        match matched_pattern(head).or_else(ours) {
            Some(pattern) if !is_grpc || !is_catch_all(pattern) => RouteName::Pattern(pattern),
            _ if is_grpc => RouteName::Rpc(head.uri.path()),
            _ => RouteName::Unmatched,
        }
    }
}

/// Whether a pattern ends in `/{*rest}`; nowhere else may it have such a part.
fn is_catch_all(pattern: &str) -> bool {
    pattern.rsplit_once('/').is_some_and(|(_, last)| last.starts_with("{*"))
}

impl RouteLabels {
    /// At most `capacity` names that clients choose.
    pub fn new(capacity: usize) -> Self {
        Self {
            namer: RouteNamer::default(),
            patterns: Arc::new(Names::new(usize::MAX)),
            rpcs: Arc::new(Names::new(capacity)),
            unmatched: RouteLabel(UNMATCHED.into()),
        }
    }

    /// Names requests also by the patterns of `table`.
    pub fn table<T>(mut self, table: RouteTable<T>) -> Self {
        self.namer = self.namer.table(table);
        self
    }

    /// The label of the request with this head.
    pub fn of(&self, head: &Head<'_>) -> RouteLabel {
        let label = |name: &Arc<str>| RouteLabel(Arc::clone(name));
        let label = match self.namer.name(head, is_grpc(head.headers)) {
            RouteName::Pattern(pattern) => self.patterns.get_or_add(pattern, label),
            RouteName::Rpc(path) => self.rpcs.get_or_add(path, label),
            RouteName::Unmatched => None,
        };
        label.unwrap_or(&self.unmatched).clone()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use http::{Request, header::CONTENT_TYPE};

    use super::*;

    #[test]
    fn the_number_of_labels_is_capped_whatever_the_traffic() {
        let labels = RouteLabels::new(10).table(RouteTable::<()>::new().route("/users/{id}", ()));
        let of = |path: &str, content_type: &str| {
            let request = Request::builder().uri(path).header(CONTENT_TYPE, content_type);
            labels.of(&Head::of(&request.body(()).unwrap())).to_string()
        };
        let mut seen = HashSet::new();
        for n in 0..1_000 {
            assert_eq!(of(&format!("/path/{n}"), "text/plain"), UNMATCHED);
            seen.insert(of(&format!("/pkg.Service/Method{n}"), "application/grpc"));
        }
        assert_eq!(seen.len(), 11);
        assert!(seen.contains(UNMATCHED));
        assert_eq!(of("/pkg.Service/Method3", "application/grpc+proto"), "/pkg.Service/Method3");
        assert_eq!(of("/pkg.Service/Method999", "application/grpc"), UNMATCHED);
        // What clients invent takes no room from the program's own routes.
        assert_eq!(of("/users/7", "text/plain"), "/users/{id}");
        assert_eq!(of("/users/7", "application/grpc"), "/users/{id}");
    }
}
