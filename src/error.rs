//! The errors that a user of the crate can meet.

use std::{borrow::Cow, error::Error, fmt};

/// Any error, boxed: what a service with many kinds of failure answers.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// A configuration that cannot work: which field, what it was, and what is allowed.
///
/// ```
/// use tower_weir::rate_limit::Quota;
///
/// let error = "20/fortnight".parse::<Quota>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "invalid quota `20/fortnight`: unknown unit `fortnight` at position 4; allowed: \
///      second, minute, hour, day, or s, m, h, d",
/// );
/// ```
///
/// It arises while a layer is being built, never while a request is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    field: &'static str,
    value: String,
    allowed: Cow<'static, str>,
}

impl ConfigError {
    pub(crate) fn new(
        field: &'static str,
        value: impl Into<String>,
        allowed: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { field, value: value.into(), allowed: allowed.into() }
    }

    /// The setting that is wrong, such as `quota` or `route pattern`.
    pub fn field(&self) -> &str {
        self.field
    }

    /// The value that was given.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What is wrong with it and what would be right.
    pub fn allowed(&self) -> &str {
        &self.allowed
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid {} `{}`: {}", self.field, self.value, self.allowed)
    }
}

impl Error for ConfigError {}
