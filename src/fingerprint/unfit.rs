use http::HeaderName;

use crate::key::MissingKey;

/// A request that has no fingerprint: it passes the layer by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// Responses may depend on this field, and the fingerprint does not.
    Unkeyed(HeaderName),
    /// It does not say clearly which host it is for.
    Host,
    /// A key is missing.
    Key(MissingKey),
}

impl Unfit {
    /// What to say of it where a cache tells why it did not answer.
    pub(crate) fn detail(&self) -> &'static str {
        match self {
            Self::Unkeyed(_) => "unkeyed-header",
            Self::Host => "unclear-host",
            Self::Key(_) => "missing-key",
        }
    }

    /// What the operator can do about it, where such requests pass `what` by.
    pub(crate) fn remedy(&self, what: &str) -> String {
        match self {
            Self::Unkeyed(name) => format!(
                "requests with the field {name} pass {what} by; add it to the fingerprint (`.header(..)`), or state that no \
                 response depends on it (`.disregard(..)`)"
            ),
            Self::Host => format!("requests that name no host, or several, pass {what} by"),
            Self::Key(missing) => format!("requests without a key pass {what} by: {missing}"),
        }
    }
}
