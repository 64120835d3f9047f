use std::{borrow::Cow, fmt};

use http::{Extensions, HeaderMap, HeaderName};

use super::purges::Scope;

/// What the response of a handler can be purged by, set by the handler as an extension of the response.
///
/// ```
/// use http::Response;
/// use tower_weir::cache::Tags;
///
/// let mut response = Response::new("…");
/// response.extensions_mut().insert(Tags::new(["user:7", "posts"]));
/// ```
///
/// They add to those of the headers `Surrogate-Key` (separated by spaces, as Fastly has it) and `Cache-Tag` (separated by
/// commas, as Cloudflare has it). Letters count in their own case.
///
/// A response may have up to 1,024 tags. One with more is passed on and not stored: a purge by one of the tags that were
/// not kept would miss it. A tag may have any length, for only its hash is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags(Vec<Cow<'static, str>>);

impl Tags {
    /// These.
    pub fn new(tags: impl IntoIterator<Item = impl Into<Cow<'static, str>>>) -> Self {
        Self(tags.into_iter().map(Into::into).collect())
    }

    /// These, and `tag`.
    #[must_use]
    pub fn with(mut self, tag: impl Into<Cow<'static, str>>) -> Self {
        self.0.push(tag.into());
        self
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|tag| &**tag)
    }
}

impl<T: Into<Cow<'static, str>>> FromIterator<T> for Tags {
    fn from_iter<I: IntoIterator<Item = T>>(tags: I) -> Self {
        Self::new(tags)
    }
}

const SURROGATE_KEY: HeaderName = HeaderName::from_static("surrogate-key");
const CACHE_TAG: HeaderName = HeaderName::from_static("cache-tag");

/// The most tags of one response.
const MOST: usize = 1024;

/// A response that has more tags than are kept, and so must not be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyTags;

impl fmt::Display for TooManyTags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a response with more than {MOST} tags is not stored")
    }
}

/// The hashes of all that a response with these headers and extensions, stored for `uri`, can be purged by.
pub(crate) fn of(
    headers: &HeaderMap,
    extensions: &Extensions,
    uri: &str,
    scope: &Scope,
) -> Result<Box<[u64]>, TooManyTags> {
    let lists = |name: HeaderName, is_separator: fn(&u8) -> bool| {
        let values = headers.get_all(name).into_iter();
        values.flat_map(move |value| value.as_bytes().split(is_separator)).map(<[u8]>::trim_ascii)
    };
    let surrogate_keys = lists(SURROGATE_KEY, u8::is_ascii_whitespace);
    let cache_tags = lists(CACHE_TAG, |byte| *byte == b',');
    let set_by_handler = extensions.get::<Tags>().into_iter().flat_map(Tags::iter);
    let names = surrogate_keys.chain(cache_tags).chain(set_by_handler.map(str::as_bytes));
    let names = names.filter(|name| !name.is_empty());

    let mut tags: Vec<u64> = names.take(MOST + 1).map(|name| scope.tag(name)).collect();
    if tags.len() > MOST {
        return Err(TooManyTags);
    }
    // It can be purged by its path alone too, whatever the host.
    let path = uri.find('/').map_or("/", |at| &uri[at..]);
    tags.extend([scope.own(), scope.uri(uri), scope.uri(path)]);
    tags.sort_unstable();
    tags.dedup();
    Ok(tags.into())
}

/// Takes the headers that list tags out of what a client gets.
pub(crate) fn strip(headers: &mut HeaderMap) {
    headers.remove(SURROGATE_KEY);
    headers.remove(CACHE_TAG);
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::{cache::purges::Tagging, key::KeySeed};

    fn scope() -> Scope {
        Scope::new(Tagging::Secret(KeySeed::fixed([1, 2])), "test")
    }

    fn headers(fields: &[(HeaderName, &'static [u8])]) -> HeaderMap {
        let value = |value: &[u8]| HeaderValue::from_bytes(value).unwrap();
        fields.iter().map(|(name, text)| (name.clone(), value(text))).collect()
    }

    /// Sorted, as they are stored.
    fn expected(tags: &[&[u8]]) -> Vec<u64> {
        let scope = scope();
        let mut tags: Vec<u64> = tags.iter().map(|tag| scope.tag(tag)).collect();
        tags.extend([scope.own(), scope.uri("/u")]);
        tags.sort_unstable();
        tags
    }

    fn tags(headers: &HeaderMap, set: Option<Tags>) -> Result<Vec<u64>, TooManyTags> {
        let mut extensions = Extensions::new();
        set.map(|tags| extensions.insert(tags));
        of(headers, &extensions, "/u", &scope()).map(Vec::from)
    }

    #[test]
    fn every_response_is_tagged_with_its_uri_and_its_cache() {
        assert_eq!(tags(&HeaderMap::new(), None), Ok(expected(&[])));
    }

    #[test]
    fn tags_come_from_both_headers_and_from_the_handler() {
        let headers = headers(&[
            (SURROGATE_KEY, b" user:7\tposts  "),
            (SURROGATE_KEY, b"more"),
            (CACHE_TAG, b"a b, c,, ,d\xe9"),
        ]);
        let set = Tags::new(["x"]).with(String::from("y,z"));
        let all: &[&[u8]] = &[b"user:7", b"posts", b"more", b"a b", b"c", b"d\xe9", b"x", b"y,z"];
        assert_eq!(tags(&headers, Some(set)), Ok(expected(all)));
    }

    #[test]
    fn a_tag_counts_once_however_often_it_is_given() {
        let headers = headers(&[(SURROGATE_KEY, b"a a"), (CACHE_TAG, b"a")]);
        assert_eq!(tags(&headers, Some(["a", "a"].into_iter().collect())), Ok(expected(&[b"a"])));
    }

    #[test]
    fn a_response_with_too_many_tags_is_not_stored() {
        let numbers = |count: usize| Tags::new((0..count).map(|tag| tag.to_string()));
        assert_eq!(
            tags(&HeaderMap::new(), Some(numbers(MOST))).map(|tags| tags.len()),
            Ok(MOST + 2)
        );
        assert_eq!(tags(&HeaderMap::new(), Some(numbers(MOST + 1))), Err(TooManyTags));
        let one = headers(&[(CACHE_TAG, b"one")]);
        assert_eq!(tags(&one, Some(numbers(MOST))), Err(TooManyTags));
    }

    #[test]
    fn stripping_takes_the_lists_of_tags_alone() {
        let mut stripped = headers(&[
            (SURROGATE_KEY, b"a"),
            (SURROGATE_KEY, b"b"),
            (CACHE_TAG, b"c"),
            (http::header::ETAG, b"\"d\""),
        ]);
        strip(&mut stripped);
        assert_eq!(stripped, headers(&[(http::header::ETAG, b"\"d\"")]));
    }
}
