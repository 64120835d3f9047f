use crate::key::KeySeed;

/// What the entries of one named cache can be purged by, as hashes: two caches over one store do not purge each other's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope {
    seed: KeySeed,
    own: u64,
}

/// What a hash is of, so that a tag that reads like a URI is not one.
#[derive(Hash)]
enum Kind {
    Cache,
    Uri,
    Tag,
}

impl Scope {
    /// Of the cache of this name.
    pub(crate) fn new(seed: KeySeed, name: &str) -> Self {
        Self { seed, own: seed.key(&(Kind::Cache, name)).bits() }
    }

    /// The tag that everything in the cache has.
    pub(crate) const fn own(&self) -> u64 {
        self.own
    }

    /// The tag of what answers `uri`, written as it is stored.
    pub(crate) fn uri(&self, uri: &str) -> u64 {
        self.tag_of(Kind::Uri, uri.as_bytes())
    }

    /// The tag that a header or a handler gave the name `tag`.
    pub(crate) fn tag(&self, tag: &[u8]) -> u64 {
        self.tag_of(Kind::Tag, tag)
    }

    fn tag_of(&self, kind: Kind, text: &[u8]) -> u64 {
        self.seed.key(&(kind, self.own, text)).bits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_differ_by_cache_by_kind_and_by_name() {
        let seed = KeySeed::fixed([1, 2]);
        let (a, b) = (Scope::new(seed, "a"), Scope::new(seed, "b"));
        let tags =
            [a.own(), b.own(), a.tag(b"x"), b.tag(b"x"), a.tag(b"y"), a.uri("x"), b.uri("x")];
        for (at, tag) in tags.iter().enumerate() {
            assert!(!tags[..at].contains(tag), "{at}");
        }
        assert_eq!(Scope::new(seed, "a").tag(b"x"), a.tag(b"x"));
    }
}
