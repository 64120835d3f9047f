use http::{
    HeaderMap, Method, StatusCode, Uri,
    header::{CONTENT_LOCATION, HOST, LOCATION},
    uri::PathAndQuery,
};

use super::{fields::only_value, resolve::Reference};

/// Whether a method is known to change nothing (RFC 9110 section 9.2.1, and QUERY).
pub fn is_safe(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE, Method::QUERY].contains(method)
}

/// Whether an answer to a method makes stored responses for its target worthless: a method that may have changed it, and an
/// answer that is no error (RFC 9111 section 4.4).
pub fn invalidates(method: &Method, status: StatusCode) -> bool {
    !is_safe(method) && (status.is_success() || status.is_redirection())
}

/// What a request is sent to, as far as it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    scheme: Option<&'a str>,
    authority: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// The target of a request: the authority is that of its URI, or else its `Host`.
    pub fn of(uri: &'a Uri, headers: &'a HeaderMap) -> Self {
        let host = || headers.get(HOST).and_then(|host| host.to_str().ok());
        Self {
            scheme: uri.scheme_str(),
            authority: uri.authority().map(|authority| authority.as_str()).or_else(host),
            path: uri.path(),
            query: uri.query(),
        }
    }

    /// With this scheme, if it did not tell any.
    #[must_use]
    pub fn or_scheme(self, scheme: &'a str) -> Self {
        Self { scheme: self.scheme.or(Some(scheme)), ..self }
    }

    /// The path and query of what else the answer to an unsafe method to this target makes worthless: its `Location` and
    /// `Content-Location`.
    ///
    /// ```
    /// use http::{HeaderMap, Uri, header::{HOST, LOCATION}};
    /// use tower_weir::cache::rules::Target;
    ///
    /// let uri = Uri::from_static("/articles/drafts?page=2");
    /// let request = HeaderMap::from_iter([(HOST, "example.com".parse()?)]);
    /// let response = HeaderMap::from_iter([(LOCATION, "../articles/7".parse()?)]);
    /// let related: Vec<_> = Target::of(&uri, &request).related(&response).collect();
    /// assert_eq!(related, ["/articles/7"]);
    /// # Ok::<(), http::header::InvalidHeaderValue>(())
    /// ```
    ///
    /// Those of another origin are left out: nobody may drop what is stored for others (RFC 9111 section 4.4). If the target
    /// tells no scheme, `http` and `https` are both its own.
    pub fn related(self, response: &HeaderMap) -> impl Iterator<Item = PathAndQuery> {
        [LOCATION, CONTENT_LOCATION]
            .into_iter()
            .flat_map(|name| response.get_all(name))
            .filter_map(move |value| self.resolve(value.to_str().ok()?.trim()))
    }

    /// Whether the `Content-Location` of a response is the target itself.
    pub(super) fn is_location_of(self, response: &HeaderMap) -> bool {
        let Some(value) = only_value(response, &CONTENT_LOCATION) else { return false };
        let located = value.to_str().ok().and_then(|text| self.resolve(text.trim()));
        located.is_some_and(|located| located.path() == self.path && located.query() == self.query)
    }

    fn resolve(self, text: &str) -> Option<PathAndQuery> {
        let reference = Reference::of(text);
        let authority = match (reference.scheme, reference.authority) {
            (Some(_), None) => return None,
            (_, authority) => authority,
        };
        if let Some(authority) = authority {
            let scheme = reference.scheme.or(self.scheme);
            if !self.is_of_scheme(scheme?) || !self.has_authority(authority, scheme?) {
                return None;
            }
        }
        reference.path_and_query(self.path, self.query).parse().ok()
    }

    fn is_of_scheme(self, scheme: &str) -> bool {
        match self.scheme {
            Some(own) => own.eq_ignore_ascii_case(scheme),
            None => scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"),
        }
    }

    fn has_authority(self, authority: &str, scheme: &str) -> bool {
        let port = if scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
        let bare = |authority: &'_ str| -> usize {
            let end = authority.strip_suffix(port).or_else(|| authority.strip_suffix(':'));
            end.map_or(authority.len(), str::len)
        };
        self.authority
            .is_some_and(|own| own[..bare(own)].eq_ignore_ascii_case(&authority[..bare(authority)]))
    }
}
