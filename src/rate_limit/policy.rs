use std::borrow::Cow;

use super::{
    Quota,
    quota::{DAY, HOUR, MINUTE, SECOND},
};
use crate::{clock::nanos, error::ConfigError};

/// A quota with a name: what a client is told in `RateLimit-Policy`, and the label `policy` of the metrics.
///
/// ```
/// use tower_weir::rate_limit::{Policy, Quota, RateLimitLayer};
///
/// const SUSTAINED: Policy = Policy::new("sustained", Quota::per_hour(1_000).burst(100));
/// let layer = RateLimitLayer::new(Quota::per_second(20)).and(SUSTAINED);
/// ```
///
/// A [`Quota`] becomes a policy that is named after its period: `second`, `minute`, `hour`, `day`, or its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    name: Cow<'static, str>,
    quota: Quota,
}

const NAME_RULE: &str = "a policy's name is one or more printable ASCII characters";

impl Policy {
    /// A quota by this name.
    ///
    /// # Panics
    ///
    /// If the name is empty or has other than printable ASCII characters: structured fields could not carry it (RFC 9651
    /// section 3.3.3). In a `const` that is a compile error.
    pub const fn new(name: &'static str, quota: Quota) -> Self {
        assert!(is_printable(name), "{}", NAME_RULE);
        Self { name: Cow::Borrowed(name), quota }
    }

    /// As [`Policy::new`], for names that are not known to be right.
    ///
    /// # Errors
    ///
    /// Where that panics.
    pub fn try_new(name: impl Into<String>, quota: Quota) -> Result<Self, ConfigError> {
        let name = name.into();
        if is_printable(&name) {
            Ok(Self { name: Cow::Owned(name), quota })
        } else {
            Err(ConfigError::new("policy name", name, NAME_RULE))
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The quota.
    pub const fn quota(&self) -> Quota {
        self.quota
    }

    /// The same policy with the first of `name`, `name-2`, `name-3` ... that is not taken.
    pub(super) fn with_free_name(mut self, is_taken: impl Fn(&str) -> bool) -> Self {
        let name = self.name.clone();
        let mut number = 2;
        while is_taken(&self.name) {
            self.name = format!("{name}-{number}").into();
            number += 1;
        }
        self
    }

    pub(super) fn shared_name(&self) -> Cow<'static, str> {
        self.name.clone()
    }
}

impl From<Quota> for Policy {
    fn from(quota: Quota) -> Self {
        let name = match nanos(quota.period()) {
            SECOND => Cow::Borrowed("second"),
            MINUTE => Cow::Borrowed("minute"),
            HOUR => Cow::Borrowed("hour"),
            DAY => Cow::Borrowed("day"),
            _ => Cow::Owned(quota.to_string()),
        };
        Self { name, quota }
    }
}

const fn is_printable(name: &str) -> bool {
    let mut bytes = name.as_bytes();
    if bytes.is_empty() {
        return false;
    }
    while let [first, rest @ ..] = bytes {
        if !matches!(first, b' '..=b'~') {
            return false;
        }
        bytes = rest;
    }
    true
}
