use std::{borrow::Cow, fmt, hash::Hash};

use http::HeaderName;

use crate::head::Head;
#[cfg(feature = "_limit")]
use crate::reject::{Reason, Rejection};

/// Reads from the head of a request the key that it is counted for.
///
/// ```
/// use tower_weir::head::Head;
/// use tower_weir::key::{KeyExtractor, MissingKey};
///
/// /// The part of an API key before the dot names the customer.
/// struct Customer;
///
/// impl KeyExtractor for Customer {
///     type Key<'a> = &'a str;
///
///     fn extract<'a>(&self, head: &Head<'a>) -> Result<&'a str, MissingKey> {
///         let key = head.headers.get("x-api-key").and_then(|value| value.to_str().ok());
///         key.and_then(|key| key.split('.').next()).ok_or(MissingKey::new("customer"))
///     }
/// }
/// ```
///
/// The key may borrow from the request, so that none is copied. It is hashed on the spot; two requests have the same key
/// if their keys hash the same, as `Eq` would say. Implemented for every `Fn(&Head<'_>) -> K` with an owned `K: Hash`.
///
/// If it panics, the request fails as if its handler had panicked, and no state is touched.
pub trait KeyExtractor: Send + Sync + 'static {
    /// The key; [`Hash`] decides what is the same.
    type Key<'a>: Hash;

    /// The key of the request with this head.
    ///
    /// # Errors
    ///
    /// [`MissingKey`] if the request carries none. What happens then is the layer's setting, not an error of the request.
    fn extract<'a>(&self, head: &Head<'a>) -> Result<Self::Key<'a>, MissingKey>;
}

impl<F, K> KeyExtractor for F
where
    F: Fn(&Head<'_>) -> K + Send + Sync + 'static,
    K: Hash + 'static,
{
    type Key<'a> = K;

    fn extract(&self, head: &Head<'_>) -> Result<K, MissingKey> {
        Ok(self(head))
    }
}

/// A request that carries no key: what was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingKey {
    what: What,
    remedy: &'static str,
}

/// Kept unformatted: a request without a key may be an everyday one, and is then not worth an allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Text(Cow<'static, str>),
    Header(HeaderName),
}

impl MissingKey {
    /// `what` is missing, as in "customer number". Clients are told, where such requests are rejected.
    pub fn new(what: impl Into<Cow<'static, str>>) -> Self {
        Self { what: What::Text(what.into()), remedy: "" }
    }

    pub(super) const fn header(name: HeaderName) -> Self {
        Self { what: What::Header(name), remedy: "" }
    }

    /// Adds what the operator can do about it, for the log; clients do not see it.
    pub const fn remedy(mut self, remedy: &'static str) -> Self {
        self.remedy = remedy;
        self
    }

    /// How a request without it is rejected. Clients do not learn the remedy.
    #[cfg(feature = "_limit")]
    pub(crate) fn rejection(&self) -> Rejection {
        Rejection::new(Reason::MissingKey).detail(format!("the request has no {}", self.what))
    }

    /// What was looked for.
    pub fn what(&self) -> String {
        self.what.to_string()
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Header(name) => write!(f, "header {name}"),
        }
    }
}

impl fmt::Display for MissingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the request has no {}", self.what)?;
        if !self.remedy.is_empty() {
            write!(f, "; {}", self.remedy)?;
        }
        Ok(())
    }
}

impl std::error::Error for MissingKey {}
