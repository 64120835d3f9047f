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

impl KeyExtractor for Header {
    type Key<'a> = &'a HeaderValue;

    fn extract<'a>(&self, head: &Head<'a>) -> Result<&'a HeaderValue, MissingKey> {
        head.headers.get(&self.0).ok_or_else(|| MissingKey::header(self.0.clone()))
    }
}
