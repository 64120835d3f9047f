use std::{collections::HashSet, fmt, sync::Arc};

use arc_swap::ArcSwap;

use super::{RouteTable, path::matched_pattern};
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
    table: Option<Arc<RouteTable<()>>>,
    patterns: Names,
    rpcs: Names,
    unmatched: RouteLabel,
}

impl RouteLabels {
    /// At most `capacity` names that clients choose.
    pub fn new(capacity: usize) -> Self {
        Self {
            table: None,
            patterns: Names::new(usize::MAX),
            rpcs: Names::new(capacity),
            unmatched: RouteLabel(UNMATCHED.into()),
        }
    }

    /// Names requests also by the patterns of `table`.
    pub fn table<T>(mut self, table: RouteTable<T>) -> Self {
        self.table = Some(Arc::new(table.map(|_, _| ())));
        self
    }

    /// The label of the request with this head.
    pub fn of(&self, head: &Head<'_>) -> RouteLabel {
        let of_table = || self.table.as_ref().and_then(|table| table.label(head));
        let pattern = matched_pattern(head).or_else(of_table);
        let label = match pattern {
            Some(pattern) if !pattern.contains("/{*") => self.patterns.intern(pattern),
            _ if is_grpc(head.headers) => self.rpcs.intern(head.uri.path()),
            Some(pattern) => self.patterns.intern(pattern),
            None => None,
        };
        label.unwrap_or_else(|| self.unmatched.clone())
    }
}

/// A set of names that only grows, up to its capacity.
#[derive(Clone, Debug)]
struct Names {
    known: Arc<ArcSwap<HashSet<Arc<str>>>>,
    capacity: usize,
}

impl Names {
    fn new(capacity: usize) -> Self {
        Self { known: Arc::default(), capacity }
    }

    /// The label of this name, if it is known or there is room for it. Reads without a lock; a new name copies the set.
    fn intern(&self, name: &str) -> Option<RouteLabel> {
        let known = self.known.load();
        if let Some(name) = known.get(name) {
            return Some(RouteLabel(name.clone()));
        }
        if known.len() >= self.capacity {
            return None;
        }
        let name = Arc::<str>::from(name);
        self.known.rcu(|known| {
            let mut known = HashSet::clone(known);
            if known.len() < self.capacity {
                known.insert(name.clone());
            }
            known
        });
        self.known.load().get(&*name).cloned().map(RouteLabel)
    }
}

#[cfg(test)]
mod tests {
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
