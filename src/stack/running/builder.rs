use std::{env, fmt, path::Path, sync::Arc};

use super::{
    Weir,
    building::build,
    key::NamedKeys,
    live::Live,
    parts::Parts,
    source::{From, Text},
};
use crate::{
    clock::Clock,
    key::KeyExtractor,
    profile::Profile,
    stack::{Checked, ConfigErrors, file},
};

/// Builds a [`Weir`]; made by [`Weir::builder`].
///
/// ```
/// use tower_weir::{Weir, head::Head};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let weir = Weir::builder()
///     .text(r#"defaults.rate_limit = { key = "tenant", policies = ["100/minute"] }"#)
///     .key("tenant", |head: &Head<'_>| head.uri.host().map(str::to_owned))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct Builder {
    text: Text,
    environment: Option<Vec<(String, String)>>,
    keys: NamedKeys,
    profile: Option<Profile>,
    clock: Clock,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            text: Text::Given(String::new()),
            environment: None,
            keys: NamedKeys::new(),
            profile: None,
            clock: Clock::system(),
        }
    }

    /// Reads this file, and watches it.
    pub fn file(self, path: impl AsRef<Path>) -> Self {
        Self { text: Text::File(path.as_ref().to_owned()), ..self }
    }

    /// Takes this text in place of a file's: TOML.
    pub fn text(self, toml: impl Into<String>) -> Self {
        Self { text: Text::Given(toml.into()), ..self }
    }

    /// Takes these variables in place of those of the process. Of them, those count that begin with `WEIR_`.
    pub fn environment<N, V>(self, variables: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: Into<String>,
    {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self { environment: Some(variables.collect()), ..self }
    }

    /// Lets the file count requests by what this extractor reads: `key = "customer"`, alone or in a list with others.
    pub fn key(mut self, name: impl Into<String>, extractor: impl KeyExtractor) -> Self {
        self.keys.insert(name.into(), Arc::new(extractor));
        self
    }

    /// Records into this profile in place of [`Profile::global`].
    pub fn profile(self, profile: Profile) -> Self {
        Self { profile: Some(profile), ..self }
    }

    /// Lets all layers read time from `clock` in place of the system's. A profile has a clock of its own.
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Reads all there is, and puts nothing to work: what holds is there to be shown.
    ///
    /// # Errors
    ///
    /// As [`Builder::build`].
    pub fn check(self) -> Result<Checked, ConfigErrors> {
        let (parts, from) = self.parts();
        let text = from.look()?;
        let reading = file::read(&from.source(&text)?)?;
        build(reading.settings.clone(), &parts, None).map_err(|error| from.unbuilt(&error))?;
        Ok(Checked::new(reading))
    }

    /// Reads and builds all there is.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or has a mistake: all mistakes at once, each with its place.
    pub fn build(self) -> Result<Weir, ConfigErrors> {
        let (parts, from) = self.parts();
        Live::start(parts, from, file::read).map(Weir::new)
    }

    fn parts(self) -> (Parts, From) {
        let environment = self.environment.unwrap_or_else(of_process);
        let keys = self.keys.keys().cloned().collect();
        let profile = self.profile.unwrap_or_else(Profile::global);
        let parts = Parts { keys: self.keys, profile, clock: self.clock };
        (parts, From { text: self.text, environment, keys })
    }
}

/// The variables of the process that may be ours.
fn of_process() -> Vec<(String, String)> {
    let all = env::vars_os().filter_map(|(name, value)| {
        // One of ours that is not UTF-8 is wrong in any case, and is shown as far as it can be.
        let name = name.into_string().ok().filter(|name| name.starts_with("WEIR_"))?;
        Some((name, value.to_string_lossy().into_owned()))
    });
    all.collect()
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.keys.keys().collect();
        f.debug_struct("Builder").field("keys", &keys).finish_non_exhaustive()
    }
}
