use std::hash::{Hash, Hasher};

use http::{HeaderName, HeaderValue};

use super::{KeyExtractor, MissingKey};
use crate::head::Head;

/// The value of a request header, such as an API key.
///
/// ```
/// use http::{HeaderName, header::AUTHORIZATION};
/// use tower_weir::key::Header;
///
/// const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// let (by_api_key, by_credentials) = (Header(X_API_KEY), Header(AUTHORIZATION));
/// ```
///
/// The first value counts if there are several; bytes are compared as they are. A client chooses what it sends: put the
/// layer behind the one that checks the value, or combine it with [`PeerIp`](super::PeerIp), or a client that sends a new
/// value each time is never limited.
#[derive(Clone, Debug)]
pub struct Header(
    /// The name of the header.
    pub HeaderName,
);

/// The value of a header field as a key: hashes as the `&str` does that it is, so that one can be named by its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderText<'a>(&'a HeaderValue);

impl Hash for HeaderText<'_> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        match str::from_utf8(self.0.as_bytes()) {
            Ok(text) => text.hash(state),
            Err(_) => self.0.as_bytes().hash(state),
        }
    }
}

impl KeyExtractor for Header {
    type Key<'a> = HeaderText<'a>;

    #[inline]
    fn extract<'a>(&self, head: &Head<'a>) -> Result<HeaderText<'a>, MissingKey> {
        let value = head.headers.get(&self.0);
        value.map(HeaderText).ok_or_else(|| MissingKey::header(self.0.clone()))
    }
}
