use std::{fmt, sync::Arc};

use super::{
    ConfigErrors, ConfigWarnings, Origin, Problems, environment::overridden, merged::Merged,
    overlay, parse, presets, problem::Severity, settled, syntax, whole,
};
use crate::stack::settings::Settings;

/// What settings are read from.
#[derive(Clone, Default)]
pub(in crate::stack) struct Source {
    /// What the text is called in errors: its path.
    pub(in crate::stack) name: String,
    pub(in crate::stack) text: String,
    /// Those that begin with `WEIR_` override single values.
    pub(in crate::stack) environment: Vec<(String, String)>,
    /// Names of key extractors that the program brings.
    pub(in crate::stack) keys: Vec<String>,
}

/// What was read.
#[derive(Debug)]
pub(in crate::stack) struct Reading {
    pub(in crate::stack) settings: Settings,
    /// What is suspicious about it.
    pub(in crate::stack) warnings: ConfigWarnings,
    merged: Merged,
}

/// Reads all there is to read, or says all that is wrong with it.
pub(in crate::stack) fn read(source: &Source) -> Result<Reading, ConfigErrors> {
    let origin = Origin::File { path: source.name.clone(), text: source.text.clone() };
    let mut problems = Problems::default();
    let file = parse::document(&Arc::new(origin), &mut problems);
    let broken = syntax::Broken::of(&problems);
    let said = overridden(file, &source.environment, &mut problems);
    let tree = match presets::chosen(&said, &mut problems) {
        Some(preset) => overlay::overlay(&preset, &said, overlay::WHOLE),
        None => said,
    };
    let (settings, merged) = whole::settings(&tree, source, &mut problems);
    let problems = settled::settled(problems, &broken);
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(ConfigErrors::new(problems));
    }
    Ok(Reading { settings, warnings: ConfigWarnings::new(problems), merged })
}

impl Reading {
    /// Settings that nobody wrote.
    #[cfg(test)]
    pub(in crate::stack) fn unwritten(settings: Settings) -> Self {
        let read = read(&Source::default()).unwrap_or_else(|errors| panic!("{errors}"));
        Self { settings, ..read }
    }

    /// Where the value of a key such as `rate_limit.policies` is from that holds for a route, or for requests of none:
    /// `weir.toml:14`, `preset production`, `WEIR_DEFAULTS__CACHE__TTL` or `built in`.
    pub(in crate::stack) fn origin_of(&self, route: Option<usize>, key: &str) -> String {
        self.merged.origin_of(route, key)
    }
}

/// Without the text and the variables, which may hold passwords.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).finish_non_exhaustive()
    }
}
