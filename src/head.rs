//! The head of a request, borrowed: what keys, costs, exemptions and routes are read from.

use std::fmt;

use http::{Extensions, HeaderMap, Method, Request, Uri, Version, request::Parts};

/// A request without its body, by reference.
///
/// ```
/// use http::Request;
/// use tower_weir::head::Head;
///
/// let request = Request::put("/things/7").header("x-tenant", "blue").body(())?;
/// let head = Head::of(&request);
/// assert_eq!((head.method.as_str(), head.uri.path()), ("PUT", "/things/7"));
/// assert_eq!(head.headers["x-tenant"], "blue");
/// # Ok::<(), http::Error>(())
/// ```
///
/// It has the fields of [`http::request::Parts`] without owning them: to take a request apart into those and put it together
/// again would copy it twice, which costs as much as a rate limit's decision.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Head<'a> {
    /// The method.
    pub method: &'a Method,
    /// The URI, as far as the client sent it; often only a path.
    pub uri: &'a Uri,
    /// The version of HTTP.
    pub version: Version,
    /// The header fields.
    pub headers: &'a HeaderMap,
    /// What the server and the layers outside have attached.
    pub extensions: &'a Extensions,
}

impl<'a> Head<'a> {
    /// The head of `request`.
    #[inline]
    pub fn of<B>(request: &'a Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            version: request.version(),
            headers: request.headers(),
            extensions: request.extensions(),
        }
    }
}

#[cfg(feature = "_share")]
impl<'a> Head<'a> {
    /// A head of these parts.
    #[cfg(feature = "cache")]
    pub(crate) fn new(
        method: &'a Method,
        uri: &'a Uri,
        version: Version,
        headers: &'a HeaderMap,
        extensions: &'a Extensions,
    ) -> Self {
        Self { method, uri, version, headers, extensions }
    }

    /// The URI as the client sent it, which within a nested axum Router is another than [`Head::uri`].
    #[inline]
    pub(crate) fn sent_uri(&self) -> &'a Uri {
        #[cfg(feature = "axum")]
        if let Some(original) = self.extensions.get::<axum::extract::OriginalUri>() {
            return &original.0;
        }
        self.uri
    }
}

impl<'a> From<&'a Parts> for Head<'a> {
    fn from(parts: &'a Parts) -> Self {
        Self {
            method: &parts.method,
            uri: &parts.uri,
            version: parts.version,
            headers: &parts.headers,
            extensions: &parts.extensions,
        }
    }
}

impl fmt::Debug for Head<'_> {
    /// Method and path: header fields may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:?}", self.method, self.uri.path(), self.version)
    }
}
