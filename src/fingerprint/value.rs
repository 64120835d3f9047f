use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

use super::FingerprintBuilder;
use crate::key::KeySeed;

/// What a cache knows a request by: 128 bits of a keyed hash over all that tells it from others.
///
/// [`Fingerprint::builder`] says what enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(u128);

impl Fingerprint {
    /// What enters a fingerprint, to begin with: method (HEAD as GET), scheme, host, path and query.
    pub fn builder() -> FingerprintBuilder {
        FingerprintBuilder::default()
    }

    /// The fingerprint of these bits, as another process that has the same secret computed it.
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// The 128 bits, evenly distributed.
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// SipHash-1-3 with 128 bits (Aumasson and Bernstein, 2012): who does not know the secret finds no two keys that collide.
    #[inline]
    pub(crate) fn of(key: &[u8], seed: &KeySeed) -> Self {
        let [a, b] = seed.words();
        let mut hasher = SipHasher13::new_with_keys(a, b);
        hasher.write(key);
        Self(hasher.finish128().as_u128())
    }
}
