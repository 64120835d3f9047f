use std::fmt;

use http::{Method, Request, Uri};

use super::{Explanation, Overview, explanation::Step, spelled::entries};
use crate::{
    error::ConfigError,
    head::Head,
    route::RouteTable,
    stack::{
        file::{ConfigWarnings, Reading},
        settings::{Route, Scope, Section},
    },
};

/// A configuration that was read and found right, and not put to work: for a check before it is rolled out.
///
/// Its `Display` is the table of all routes.
#[derive(Debug)]
pub struct Checked {
    reading: Reading,
}

impl Checked {
    pub(in crate::stack) fn new(reading: Reading) -> Self {
        Self { reading }
    }

    /// What holds for each route.
    pub fn overview(&self) -> Overview {
        Overview::new(self.reading.settings.clone())
    }

    /// Which rules hold for a request, in which order, and where each value is written.
    ///
    /// ```
    /// use http::Method;
    /// use tower_weir::stack::Weir;
    ///
    /// let checked = Weir::builder()
    ///     .text("[[route]]\npath = '/search'\nrate_limit = { policies = ['5/second'] }\n")
    ///     .check()?;
    /// let explanation = checked.explain(&Method::GET, "/search?q=weir")?.to_string();
    /// assert!(explanation.contains("5/second"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If `target` is not the path and query of a request, such as `/search?q=weir`.
    pub fn explain(&self, method: &Method, target: &str) -> Result<Explanation, ConfigError> {
        let allowed = "a path that begins with `/`, with or without a query";
        let wrong = || ConfigError::new("request target", target, allowed);
        if !target.starts_with('/') {
            return Err(wrong());
        }
        let uri: Uri = target.parse().map_err(|_| wrong())?;
        let mut request = Request::new(());
        *request.method_mut() = method.clone();
        *request.uri_mut() = uri;
        let head = Head::of(&request);
        let routes = &self.reading.settings.routes;
        let matched = table(routes.iter().enumerate())?.get(&head).copied();
        let mut others = Vec::new();
        for (index, route) in routes.iter().enumerate().filter(|(index, _)| Some(*index) != matched)
        {
            if table([(index, route)])?.get(&head).is_some() {
                others.push(self.named(index, route));
            }
        }
        let route = matched.map(|index| (index, &routes[index]));
        Ok(Explanation {
            request: format!("{method} {target}"),
            route: match route {
                Some((index, route)) => self.named(index, route),
                None => "no route, so the defaults hold".to_owned(),
            },
            others,
            steps: Section::ALL.map(|section| self.step(route, section)).into(),
        })
    }

    fn step(&self, route: Option<(usize, &Route)>, section: Section) -> Step {
        let defaults: &Scope = &self.reading.settings.defaults;
        let (scope, index) = match route {
            Some((index, route)) => (&route.scope, Some(index)),
            None => (defaults, None),
        };
        let origin = |key: &str| self.reading.origin_of(index, key);
        let Some(entries) = entries(scope, section) else {
            let note = format!("off ({})", origin(section.name()));
            return Step { section, note, entries: Vec::new() };
        };
        let note = match route {
            Some((_, route)) if route.own.contains(&section) => {
                format!("of its own, called `{}`", route.name)
            }
            Some(_) => "the defaults', together with all routes that do not mention it".to_owned(),
            None => "the defaults'".to_owned(),
        };
        let entry = |(key, value): (&str, String)| {
            [key.to_owned(), value, origin(&format!("{}.{key}", section.name()))]
        };
        Step { section, note, entries: entries.into_iter().map(entry).collect() }
    }

    fn named(&self, index: usize, route: &Route) -> String {
        let pattern = route.pattern();
        let name = match route.name == pattern {
            true => String::new(),
            false => format!(" ({})", route.name),
        };
        format!("`{pattern}`{name}, {}", self.reading.origin_of(Some(index), "path"))
    }

    /// What is suspicious about it, if anything: each with its place, as errors have it.
    pub fn warnings(&self) -> &ConfigWarnings {
        &self.reading.warnings
    }
}

/// Routes by what they match, each with its number.
fn table<'a>(
    routes: impl IntoIterator<Item = (usize, &'a Route)>,
) -> Result<RouteTable<usize>, ConfigError> {
    let mut table = RouteTable::new();
    for (index, route) in routes {
        let methods = route.methods.iter().cloned().map(Some);
        let any = route.methods.is_empty().then_some(None);
        for method in methods.chain(any) {
            table = table.try_route(method, &route.path, index)?;
        }
    }
    Ok(table)
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.overview().fmt(f)
    }
}
