use std::fmt;

use http::Method;

use super::path::matched_pattern;
use crate::{error::ConfigError, head::Head};

/// Values for path patterns and methods.
///
/// ```
/// use http::{Method, Request};
/// use tower_weir::{head::Head, route::RouteTable};
///
/// let table = RouteTable::new()
///     .route("/users/{id}", 100)
///     .method_route(Method::POST, "/login", 5)
///     .rpc("greet.v1.Greeter", "SayHello", 20)
///     .service("greet.v1.Greeter", 50);
///
/// let at = |method: Method, path: &str| {
///     let request = Request::builder().method(method).uri(path).body(()).unwrap();
///     table.get(&Head::of(&request)).copied()
/// };
/// assert_eq!(at(Method::GET, "/users/7"), Some(100));
/// assert_eq!(at(Method::POST, "/login"), Some(5));
/// assert_eq!(at(Method::GET, "/login"), None);
/// assert_eq!(at(Method::POST, "/greet.v1.Greeter/SayHello"), Some(20));
/// assert_eq!(at(Method::POST, "/greet.v1.Greeter/SayGoodbye"), Some(50));
/// ```
///
/// Patterns are those of axum 0.8: `{name}` stands for one segment of the path, `{*rest}` at the end for all that follow.
/// The most specific pattern wins, segment by segment from the left (text before `{name}` before `{*rest}`), and for one
/// pattern an entry with the method before one without. `HEAD` finds the entries of `GET`, as it does in axum; otherwise it
/// would be a way around them.
///
/// Inside an axum Router (feature `axum`) the pattern that axum matched is looked up, so that routes of a nested Router are
/// named in full, and the path too, for entries that say more than the Router does. Outside, and in hyper and tonic, it is
/// the path alone. It is compared as it was sent: without decoding, the trailing slash counting.
#[derive(Clone)]
pub struct RouteTable<T> {
    entries: Vec<Entry<T>>,
    any_method: matchit::Router<usize>,
    /// So few that to look at each takes less than to hash one.
    by_method: Vec<(Method, matchit::Router<usize>)>,
}

#[derive(Clone)]
struct Entry<T> {
    label: String,
    specificity: Box<[Segment]>,
    value: T,
}

/// In rising order of how much they say about a path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    CatchAll,
    Parameter,
    Literal,
}

impl<T> RouteTable<T> {
    /// A table without entries.
    pub fn new() -> Self {
        Self { entries: Vec::new(), any_method: matchit::Router::new(), by_method: Vec::new() }
    }

    /// `value` for every method at paths like `pattern`.
    ///
    /// # Panics
    ///
    /// Where [`RouteTable::try_route`] fails.
    pub fn route(self, pattern: &str, value: impl Into<T>) -> Self {
        self.try_route(None, pattern, value).unwrap_or_else(|error| panic!("{error}"))
    }

    /// `value` for one method at paths like `pattern`.
    ///
    /// # Panics
    ///
    /// Where [`RouteTable::try_route`] fails.
    pub fn method_route(self, method: Method, pattern: &str, value: impl Into<T>) -> Self {
        self.try_route(Some(method), pattern, value).unwrap_or_else(|error| panic!("{error}"))
    }

    /// `value` for one method of a gRPC service, such as `.rpc("greet.v1.Greeter", "SayHello", value)`.
    ///
    /// # Panics
    ///
    /// Where [`RouteTable::try_route`] fails.
    pub fn rpc(self, service: &str, method: &str, value: impl Into<T>) -> Self {
        self.route(&format!("/{service}/{method}"), value)
    }

    /// `value` for all methods of a gRPC service that have no entry of their own.
    ///
    /// # Panics
    ///
    /// Where [`RouteTable::try_route`] fails.
    pub fn service(self, service: &str, value: impl Into<T>) -> Self {
        self.route(&format!("/{service}/{{*method}}"), value)
    }

    /// `value` for one method, or for every one, at paths like `pattern`.
    ///
    /// # Errors
    ///
    /// If `pattern` does not begin with `/` or is malformed, or if it is already there or says the same as one that is
    /// (`/users/{id}` and `/users/{name}`).
    pub fn try_route(
        mut self,
        method: Option<Method>,
        pattern: &str,
        value: impl Into<T>,
    ) -> Result<Self, ConfigError> {
        if !pattern.starts_with('/') {
            return Err(ConfigError::new("route pattern", pattern, "it must begin with `/`"));
        }
        let label = match &method {
            Some(method) => format!("{method} {pattern}"),
            None => pattern.to_owned(),
        };
        let patterns = match method {
            Some(method) => patterns_of(&mut self.by_method, method),
            None => &mut self.any_method,
        };
        patterns
            .insert(pattern, self.entries.len())
            .map_err(|error| ConfigError::new("route pattern", &label, error.to_string()))?;
        let specificity = pattern.split('/').skip(1).map(Segment::of).collect();
        self.entries.push(Entry { label, specificity, value: value.into() });
        Ok(self)
    }

    /// The value for the request with this head.
    pub fn get(&self, head: &Head<'_>) -> Option<&T> {
        self.index(head).map(|index| &self.entries[index].value)
    }

    /// The pattern of the entry for the request with this head, with its method if it has one: `POST /login`.
    pub fn label(&self, head: &Head<'_>) -> Option<&str> {
        self.index(head).map(|index| &*self.entries[index].label)
    }

    /// The pattern of the entry for the request with this head, whatever its method.
    pub(crate) fn pattern(&self, head: &Head<'_>) -> Option<&str> {
        let label = self.label(head)?;
        // No method has a slash.
        label.find('/').map(|at| &label[at..])
    }

    /// Every entry with its label, in the order in which they were added.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &T)> {
        self.entries.iter().map(|entry| (&*entry.label, &entry.value))
    }

    /// The same table with other values.
    pub(crate) fn map<U>(self, mut f: impl FnMut(&str, T) -> U) -> RouteTable<U> {
        let entries = self.entries.into_iter().map(|Entry { label, specificity, value }| {
            let value = f(&label, value);
            Entry { label, specificity, value }
        });
        RouteTable {
            entries: entries.collect(),
            any_method: self.any_method,
            by_method: self.by_method,
        }
    }

    fn index(&self, head: &Head<'_>) -> Option<usize> {
        let path = head.uri.path();
        let Some(pattern) = matched_pattern(head) else { return self.at(head.method, path) };
        // A pattern looked up as if it were a path finds itself, or the entry that covers it: `{id}` is a segment like any
        // other to a parameter.
        let by_pattern = self.at(head.method, pattern);
        let by_path = self.at(head.method, path);
        if by_pattern == by_path {
            return by_path;
        }
        // A nested Router is shown only a part of the path, which must not be taken for the whole.
        let by_path = by_path.filter(|_| fits(pattern, path));
        match (by_pattern, by_path) {
            (Some(pattern), Some(path)) if self.rank(path) > self.rank(pattern) => Some(path),
            (by_pattern, by_path) => by_pattern.or(by_path),
        }
    }

    fn at(&self, method: &Method, path: &str) -> Option<usize> {
        let of_method = |method: &Method| {
            let (_, patterns) = self.by_method.iter().find(|(known, _)| known == method)?;
            at(patterns, path)
        };
        let specific = of_method(method).or_else(|| match *method {
            Method::HEAD => of_method(&Method::GET),
            _ => None,
        });
        match (specific, at(&self.any_method, path)) {
            (Some(specific), Some(any)) if self.rank(any) > self.rank(specific) => Some(any),
            (specific, any) => specific.or(any),
        }
    }

    /// Of two patterns that match one path, the one of higher rank says more about it.
    fn rank(&self, index: usize) -> &[Segment] {
        &self.entries[index].specificity
    }
}

/// The patterns for a method, new ones if there are none yet.
fn patterns_of(
    by_method: &mut Vec<(Method, matchit::Router<usize>)>,
    method: Method,
) -> &mut matchit::Router<usize> {
    let known = by_method.iter().position(|(known, _)| *known == method);
    let at = known.unwrap_or_else(|| {
        by_method.push((method, matchit::Router::new()));
        by_method.len() - 1
    });
    &mut by_method[at].1
}

fn at(patterns: &matchit::Router<usize>, path: &str) -> Option<usize> {
    patterns.at(path).ok().map(|found| *found.value)
}

/// Whether `path` is one of those that `pattern` stands for.
fn fits(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    for expected in pattern.split('/') {
        match (Segment::of(expected), segments.next()) {
            (Segment::CatchAll, Some(_)) => return true,
            (Segment::Parameter, Some(_)) => {}
            (Segment::Literal, Some(segment)) if is_literally(expected, segment) => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

/// Whether a literal segment of a pattern stands for this one of a path. Its braces are doubled.
fn is_literally(pattern: &str, segment: &str) -> bool {
    let unescaped = || pattern.replace("{{", "{").replace("}}", "}");
    pattern == segment || (pattern.contains(['{', '}']) && unescaped() == segment)
}

impl Segment {
    fn of(segment: &str) -> Self {
        if segment.starts_with("{*") {
            return Self::CatchAll;
        }
        // A doubled brace stands for itself.
        let mut bytes = segment.bytes();
        while let Some(byte) = bytes.next() {
            if byte == b'{' && bytes.next() != Some(b'{') {
                return Self::Parameter;
            }
        }
        Self::Literal
    }
}

impl<T> Default for RouteTable<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for RouteTable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_fits_the_patterns_that_stand_for_it() {
        for (pattern, path, expected) in [
            ("/", "/", true),
            ("/users/{id}", "/users/7", true),
            ("/users/{id}", "/users/7/", false),
            ("/users/{id}", "/users", false),
            ("/api/users/{id}", "/users/7", false),
            ("/files/{*rest}", "/files/a/b", true),
            ("/files/{*rest}", "/other/a/b", false),
            ("/v{major}/x", "/v2/x", true),
            ("/{{odd}}/{id}", "/{odd}/7", true),
            ("/{{odd}}/{id}", "/even/7", false),
        ] {
            assert_eq!(fits(pattern, path), expected, "{pattern} {path}");
        }
    }
}
