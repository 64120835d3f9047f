use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    error::ConfigError,
    stack::file::{ConfigErrors, Origin, Place, Problem, Source},
};

/// Where settings come from.
pub(super) struct From {
    pub(super) text: Text,
    /// As it was when the weir was built: that of a running process does not change.
    pub(super) environment: Vec<(String, String)>,
    /// What the program calls the keys that it brings.
    pub(super) keys: Vec<String>,
}

#[derive(Debug)]
pub(super) enum Text {
    File(PathBuf),
    /// Given by the program.
    Given(String),
}

impl From {
    /// The file that is to be watched.
    pub(super) fn path(&self) -> Option<&Path> {
        match &self.text {
            Text::File(path) => Some(path),
            Text::Given(_) => None,
        }
    }

    /// What is written there now.
    pub(super) fn look(&self) -> Result<Vec<u8>, ConfigErrors> {
        match &self.text {
            Text::Given(text) => Ok(text.clone().into_bytes()),
            Text::File(path) => fs::read(path).map_err(|error| {
                let remedy = "give the path of a file that this process may read";
                self.fault(format!("cannot read `{}`: {error}", path.display()), remedy)
            }),
        }
    }

    /// All that settings are read from, with `text` for what is written in the file.
    pub(super) fn source(&self, text: &[u8]) -> Result<Source, ConfigErrors> {
        let text = str::from_utf8(text).map_err(|error| {
            let message = format!("`{}` is not UTF-8: {error}", self.name());
            self.fault(message, "save it as UTF-8, which TOML is written in")
        })?;
        Ok(Source {
            name: self.name(),
            text: text.to_owned(),
            environment: self.environment.clone(),
            keys: self.keys.clone(),
        })
    }

    /// What a layer does not take, though the text was found right.
    pub(super) fn unbuilt(&self, error: &ConfigError) -> ConfigErrors {
        self.fault(error.to_string(), "write a value that is allowed")
    }

    /// What is wrong with no place of the text in particular.
    fn fault(&self, message: String, remedy: impl Into<String>) -> ConfigErrors {
        let origin = Origin::File { path: self.name(), text: String::new() };
        let place = Place { origin: Arc::new(origin), span: 0..0 };
        ConfigErrors::new(vec![Problem::error(&place, message).help(remedy)])
    }

    fn name(&self) -> String {
        self.path().map_or_else(|| "the text".to_owned(), |path| path.display().to_string())
    }
}

/// Without the variables, which may hold passwords.
impl fmt::Debug for From {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("From").field("name", &self.name()).finish_non_exhaustive()
    }
}
