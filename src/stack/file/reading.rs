use super::{ConfigErrors, Problem};
use crate::stack::settings::Settings;

/// What settings are read from.
#[derive(Clone, Debug, Default)]
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
    pub(in crate::stack) warnings: Vec<Problem>,
}

/// Reads all there is to read, or says all that is wrong with it.
pub(in crate::stack) fn read(source: &Source) -> Result<Reading, ConfigErrors> {
    let _ = source;
    Ok(Reading { settings: Settings::default(), warnings: Vec::new() })
}

impl Reading {
    pub(in crate::stack) fn origin_of(&self, scope: Option<usize>, path: &str) -> String {
        format!("{scope:?} {path}")
    }
}
