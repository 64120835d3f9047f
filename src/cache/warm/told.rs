use http::HeaderMap;
use sfv::{BareItem, List, ListEntry, Parser, Version};

use crate::cache::rules::CacheStatus;

/// What a cache told of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Hit,
    Stored,
    /// Neither, or nothing.
    Other,
}

impl Told {
    /// What the cache of this name says in `Cache-Status` (RFC 9211).
    pub(super) fn by(cache: &str, headers: &HeaderMap) -> Self {
        let lines: Vec<&[u8]> =
            headers.get_all(CacheStatus::FIELD).iter().map(|line| line.as_bytes()).collect();
        let text = lines.join(&b", "[..]);
        let parsed: Result<List, _> = Parser::new(&text).with_version(Version::Rfc8941).parse();
        let Ok(members) = parsed else { return Self::Other };
        let own = members.iter().rev().find_map(|member| match member {
            ListEntry::Item(item) if is_named(&item.bare_item, cache) => Some(&item.params),
            _ => None,
        });
        let says = |word: &str| own.and_then(|own| own.get(word)) == Some(&BareItem::Boolean(true));
        match () {
            () if says("hit") => Self::Hit,
            () if says("stored") => Self::Stored,
            () => Self::Other,
        }
    }
}

fn is_named(item: &BareItem, cache: &str) -> bool {
    match item {
        BareItem::Token(name) => name.as_str() == cache,
        BareItem::String(name) => name.as_str() == cache,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(cache: &str, lines: &[&'static str]) -> Told {
        let lines = lines.iter().map(|line| (CacheStatus::FIELD, line.parse().unwrap()));
        let mut headers = HeaderMap::new();
        lines.for_each(|(name, line)| {
            headers.append(name, line);
        });
        Told::by(cache, &headers)
    }

    #[test]
    fn a_cache_is_heard_among_others() {
        assert_eq!(told("weir", &["weir; hit; ttl=3"]), Told::Hit);
        assert_eq!(told("weir", &["weir; fwd=uri-miss; stored"]), Told::Stored);
        assert_eq!(told("weir", &["weir; fwd=bypass"]), Told::Other);
        assert_eq!(
            told("weir", &["inner; hit, weir; fwd=stale; stored", "cdn; hit"]),
            Told::Stored
        );
        assert_eq!(told("weir", &["inner; hit"]), Told::Other);
        assert_eq!(told("a b", &["\"a b\"; hit"]), Told::Hit);
        assert_eq!(told("weir", &[]), Told::Other);
        assert_eq!(told("weir", &["weir; hit, \""]), Told::Other);
    }
}
