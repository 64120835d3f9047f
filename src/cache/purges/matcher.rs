use super::Pattern;
use crate::cache::Entry;

/// A purge by URI: of all in one cache that begin so, or that a pattern matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Matcher {
    /// The tag of the cache that it is about.
    pub(super) cache: u64,
    pub(super) uris: Uris,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Uris {
    Prefix(Box<str>),
    Pattern(Pattern),
}

impl Matcher {
    /// Of the cache with this tag, whatever has a URI that begins with `prefix`, with any scheme; if that begins with `/`,
    /// whatever has such a path and query.
    pub(crate) fn prefix(cache: u64, prefix: &str) -> Self {
        Self { cache, uris: Uris::Prefix(bare(prefix).into()) }
    }

    /// Of the cache with this tag, whatever `pattern` matches.
    pub(crate) fn pattern(cache: u64, pattern: Pattern) -> Self {
        Self { cache, uris: Uris::Pattern(pattern) }
    }

    pub(super) fn matches(&self, entry: &Entry) -> bool {
        entry.tags.contains(&self.cache)
            && match &self.uris {
                Uris::Prefix(prefix) => subject(prefix, &entry.uri).starts_with(&**prefix),
                Uris::Pattern(pattern) => pattern.matches(&entry.uri),
            }
    }
}

/// The part of `uri` that `text` speaks of: its path and query if it begins with `/`, otherwise all but the scheme.
pub(super) fn subject<'a>(text: &str, uri: &'a str) -> &'a str {
    let uri = bare(uri);
    if !text.starts_with('/') {
        return uri;
    }
    match uri.find(['/', '?']) {
        Some(at) => &uri[at..],
        None => "/",
    }
}

/// A URI, or what is to match some, without its scheme: who puts a purge into words often does not know what scheme the service
/// is asked by, behind what ends TLS for it.
pub(super) fn bare(uri: &str) -> &str {
    match uri.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(['/', '?']) => rest,
        _ => uri,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_begins_with_a_slash_speaks_of_the_path_and_query() {
        for (uri, path) in [
            ("https://example.com/a/b?c=/d", "/a/b?c=/d"),
            ("https://example.com", "/"),
            ("https://example.com?a", "?a"),
            ("example.com/a", "/a"),
            ("example.com", "/"),
            ("example.com?to=https://example.org/b", "?to=https://example.org/b"),
            ("/a?to=https://example.com/b", "/a?to=https://example.com/b"),
            ("", "/"),
        ] {
            assert_eq!(subject("/", uri), path, "{uri}");
            assert_eq!(subject("example.com", uri), bare(uri));
        }
    }
}
