use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hash, Hasher},
};

use siphasher::sip::SipHasher13;
#[cfg(feature = "_limit")]
use {
    super::{KeyExtractor, MissingKey},
    crate::head::Head,
};

/// A key as a store sees it: 64 bits of a keyed hash.
///
/// Two different keys share a `Key` with probability 2⁻⁶⁴; whoever does not know the [`KeySeed`] cannot make them collide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(u64);

impl Key {
    /// The 64 bits, evenly distributed.
    pub const fn bits(self) -> u64 {
        self.0
    }
}

/// The secret under which keys are hashed.
///
/// SipHash-1-3 (Aumasson and Bernstein, 2012): fast on short keys, its output is specified, so that a seed that is kept
/// gives the same `Key` in another process, and clients who choose their keys cannot aim at a slot of a table.
#[derive(Clone, Copy)]
pub struct KeySeed([u64; 2]);

impl KeySeed {
    /// A seed from the operating system's randomness.
    pub fn random() -> Self {
        // `RandomState` is std's only access to that randomness; hashing nothing under its keys is a pseudorandom word.
        Self(std::array::from_fn(|_| RandomState::new().build_hasher().finish()))
    }

    /// A seed chosen by the caller. Whoever knows it can choose keys that collide.
    pub const fn fixed(words: [u64; 2]) -> Self {
        Self(words)
    }

    /// The words that it is made of. Whoever sees them can choose keys that collide.
    #[cfg(any(feature = "_share", feature = "rate-limit"))]
    pub(crate) const fn words(self) -> [u64; 2] {
        self.0
    }

    /// A key that no value is known to have: only who knows the seed could find one.
    #[cfg(any(feature = "concurrency", feature = "rate-limit"))]
    pub(crate) fn unused_key(&self) -> Key {
        self.key(&self.0)
    }

    /// The `Key` of `value`.
    #[inline]
    pub fn key(&self, value: &(impl Hash + ?Sized)) -> Key {
        let mut hasher = SipHasher13::new_with_keys(self.0[0], self.0[1]);
        value.hash(&mut hasher);
        Key(hasher.finish())
    }

    /// 128 bits of a hash of `value`, for where two different ones must never be taken for the same.
    #[cfg(feature = "batch")]
    pub(crate) fn wide(&self, value: &(impl Hash + ?Sized)) -> u128 {
        let mut hasher = siphasher::sip128::SipHasher13::new_with_keys(self.0[0], self.0[1]);
        value.hash(&mut hasher);
        siphasher::sip128::Hasher128::finish128(&hasher).as_u128()
    }
}

impl std::fmt::Debug for KeySeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeySeed(secret)")
    }
}

/// A [`KeyExtractor`] of any kind behind one type, so that no layer needs a type parameter for it.
#[cfg(feature = "_limit")]
pub(crate) trait HashedKey: Send + Sync {
    fn key(&self, head: &Head<'_>, seed: &KeySeed) -> Result<Key, MissingKey>;

    /// The key by which a limit of this name counts in a store that processes share.
    #[cfg(all(feature = "rate-limit", feature = "redis"))]
    fn shared_key(&self, head: &Head<'_>, limit: &str) -> Result<super::SharedKey, MissingKey>;
}

#[cfg(feature = "_limit")]
impl<E: KeyExtractor> HashedKey for E {
    #[inline]
    fn key(&self, head: &Head<'_>, seed: &KeySeed) -> Result<Key, MissingKey> {
        self.extract(head).map(|key| seed.key(&key))
    }

    #[cfg(all(feature = "rate-limit", feature = "redis"))]
    fn shared_key(&self, head: &Head<'_>, limit: &str) -> Result<super::SharedKey, MissingKey> {
        self.extract(head).map(|key| super::SharedKey::of(&(limit, key)))
    }
}
