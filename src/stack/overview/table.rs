use std::fmt;

use super::{grid::Grid, summary::summary};
use crate::stack::settings::{Scope, Section, Settings};

/// What holds for each route: a table, by its `Display`.
///
/// The most specific route that fits a request is the one that holds for it, whatever the order; `everything else` is what
/// `[defaults]` says. A cell with `″` is the defaults' own: what it limits, it limits together with all other such routes.
#[derive(Clone, Debug)]
pub struct Overview {
    settings: Settings,
}

/// Instead of what a route shares with the defaults.
const SAME: &str = "″";
const OFF: &str = "–";

impl Overview {
    pub(in crate::stack) fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// The sections that are on anywhere.
    fn sections(&self) -> Vec<Section> {
        let scopes = self.settings.routes.iter().map(|route| &route.scope);
        let scopes: Vec<&Scope> = scopes.chain([&self.settings.defaults]).collect();
        let is_on =
            |section: &Section| scopes.iter().any(|scope| summary(scope, *section).is_some());
        Section::ALL.into_iter().filter(is_on).collect()
    }
}

impl fmt::Display for Overview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sections = self.sections();
        let titles = sections.iter().map(|section| section.name());
        let mut grid = Grid::headed(["route"].into_iter().chain(titles));
        for route in &self.settings.routes {
            let mut named = vec![route.pattern()];
            if route.name != named[0] {
                named.push(format!("({})", route.name));
            }
            let cell = |section: &Section| match summary(&route.scope, *section) {
                None => vec![OFF.to_owned()],
                Some(_) if !route.own.contains(section) => vec![SAME.to_owned()],
                Some(lines) => lines,
            };
            grid.row([named].into_iter().chain(sections.iter().map(cell)));
        }
        let cell = |section: &Section| {
            summary(&self.settings.defaults, *section).unwrap_or_else(|| vec![OFF.to_owned()])
        };
        let everything = vec!["everything else".to_owned()];
        grid.row([everything].into_iter().chain(sections.iter().map(cell)));
        grid.fmt(f)
    }
}
