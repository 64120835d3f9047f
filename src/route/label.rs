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

/// Names the route of a request, with at most so many different names.
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
/// The name is the first of: the pattern that axum matched (feature `axum`); the table's pattern; for a gRPC request its
/// path, which is `/package.Service/Method`; [`UNMATCHED`]. A path is never a label otherwise, since clients choose it. They
/// choose the path of a gRPC request too, so those names are capped with the others: what comes when `capacity` names are
/// known is [`UNMATCHED`]. Clones share the names.
#[derive(Clone, Debug)]
pub struct RouteLabels {
    table: Option<Arc<RouteTable<()>>>,
    known: Arc<ArcSwap<HashSet<Arc<str>>>>,
    capacity: usize,
    unmatched: RouteLabel,
}

impl RouteLabels {
    /// At most `capacity` names, beside [`UNMATCHED`].
    pub fn new(capacity: usize) -> Self {
        Self {
            table: None,
            known: Arc::default(),
            capacity,
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
        let of_rpc = || is_grpc(head.headers).then(|| head.uri.path());
        match matched_pattern(head).or_else(of_table).or_else(of_rpc) {
            Some(name) => self.intern(name),
            None => self.unmatched.clone(),
        }
    }

    /// Reads without a lock. A new name copies the set, which happens `capacity` times at most.
    fn intern(&self, name: &str) -> RouteLabel {
        let known = self.known.load();
        if let Some(name) = known.get(name) {
            return RouteLabel(name.clone());
        }
        if known.len() >= self.capacity {
            return self.unmatched.clone();
        }
        let name = Arc::<str>::from(name);
        self.known.rcu(|known| {
            let mut known = HashSet::clone(known);
            if known.len() < self.capacity {
                known.insert(name.clone());
            }
            known
        });
        self.known.load().get(&*name).cloned().map_or_else(|| self.unmatched.clone(), RouteLabel)
    }
}

#[cfg(test)]
mod tests {
    use http::{Request, header::CONTENT_TYPE};

    use super::*;

    #[test]
    fn the_number_of_labels_is_capped_whatever_the_traffic() {
        let labels = RouteLabels::new(10);
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
    }
}
