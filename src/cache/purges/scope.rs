use crate::key::KeySeed;
#[cfg(feature = "redis")]
use crate::key::SharedKey;

/// What the entries of one named cache can be purged by, as hashes: two caches over one store do not purge each other's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope {
    tagging: Tagging,
    own: u64,
}

/// How tags are hashed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tagging {
    /// Under a secret of this process.
    Secret(KeySeed),
    /// The same in all processes.
    #[cfg(feature = "redis")]
    Shared,
}

impl Tagging {
    fn hash(self, kind: Kind, cache: u64, text: &[u8]) -> u64 {
        match self {
            Self::Secret(seed) => seed.key(&(kind as u8, cache, text)).bits(),
            #[cfg(feature = "redis")]
            Self::Shared => (SharedKey::of(&(kind as u8, cache, text)).bits() >> 64) as u64,
        }
    }
}

/// What a hash is of, so that a tag that reads like a URI is not one.
#[derive(Clone, Copy)]
enum Kind {
    Cache,
    Uri,
    Tag,
}

impl Scope {
    /// Of the cache of this name.
    pub(crate) fn new(tagging: Tagging, name: &str) -> Self {
        Self { tagging, own: tagging.hash(Kind::Cache, 0, name.as_bytes()) }
    }

    /// The tag that everything in the cache has.
    pub(crate) const fn own(&self) -> u64 {
        self.own
    }

    /// The tag of what answers `uri`, written as it is stored.
    pub(crate) fn uri(&self, uri: &str) -> u64 {
        self.tagging.hash(Kind::Uri, self.own, uri.as_bytes())
    }

    /// The tag that a header or a handler gave the name `tag`.
    pub(crate) fn tag(&self, tag: &[u8]) -> u64 {
        self.tagging.hash(Kind::Tag, self.own, tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_differ_by_cache_by_kind_and_by_name() {
        let seed = Tagging::Secret(KeySeed::fixed([1, 2]));
        let (a, b) = (Scope::new(seed, "a"), Scope::new(seed, "b"));
        let tags =
            [a.own(), b.own(), a.tag(b"x"), b.tag(b"x"), a.tag(b"y"), a.uri("x"), b.uri("x")];
        for (at, tag) in tags.iter().enumerate() {
            assert!(!tags[..at].contains(tag), "{at}");
        }
        assert_eq!(Scope::new(seed, "a").tag(b"x"), a.tag(b"x"));
    }
}
