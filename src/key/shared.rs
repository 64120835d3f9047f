use std::{fmt, hash::Hash, hash::Hasher};

use sha2::{Digest, Sha256};

/// A key as a store that several processes share sees it: the first 128 bits of a SHA-256 (FIPS 180-4), the same in all of
/// them.
///
/// There is no secret in it that processes would have to agree upon: nobody finds two keys that collide. Whoever can read the
/// store can find out by trying which of few possible values, such as IPv4 addresses, a key was made of.
///
/// It depends on what `Hash` feeds a hasher with for a type. For integers, text and addresses that has not changed between
/// versions of Rust; a derived `Hash` changes with the type. While two versions of a service disagree, each counts by itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SharedKey(u128);

impl SharedKey {
    /// The key of `value`.
    pub fn of(value: &(impl Hash + ?Sized)) -> Self {
        let mut sha = Sha(Sha256::new());
        value.hash(&mut sha);
        let mut bits = [0; 16];
        bits.copy_from_slice(&sha.0.finalize()[..16]);
        Self(u128::from_be_bytes(bits))
    }

    /// The 128 bits, evenly distributed.
    pub const fn bits(self) -> u128 {
        self.0
    }
}

impl fmt::Display for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedKey({self})")
    }
}

/// Integers enter in an order of bytes that does not depend on the machine, and so does the width of a `usize`.
struct Sha(Sha256);

impl Hasher for Sha {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn write_u16(&mut self, number: u16) {
        self.write(&number.to_le_bytes());
    }

    fn write_u32(&mut self, number: u32) {
        self.write(&number.to_le_bytes());
    }

    fn write_u64(&mut self, number: u64) {
        self.write(&number.to_le_bytes());
    }

    fn write_u128(&mut self, number: u128) {
        self.write(&number.to_le_bytes());
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_i16(&mut self, number: i16) {
        self.write(&number.to_le_bytes());
    }

    fn write_i32(&mut self, number: i32) {
        self.write(&number.to_le_bytes());
    }

    fn write_i64(&mut self, number: i64) {
        self.write(&number.to_le_bytes());
    }

    fn write_i128(&mut self, number: i128) {
        self.write(&number.to_le_bytes());
    }

    fn write_isize(&mut self, number: isize) {
        self.write_i64(number as i64);
    }

    /// Not asked for: the digest is wider than this.
    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        digest.iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    #[test]
    fn it_is_the_same_in_every_process() {
        // `printf 'abc\xff' | sha256sum`: that is how `str` feeds a hasher.
        let text = SharedKey::of("abc").to_string();
        assert_eq!(text, "8e3b08dc1236880bf0c55873db58b12d");
        let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        assert_eq!(SharedKey::of(&address), SharedKey::of(&address));
    }

    #[test]
    fn different_values_have_different_keys() {
        let keys = [
            SharedKey::of(&("ab", "c")),
            SharedKey::of(&("a", "bc")),
            SharedKey::of(&("abc", "")),
            SharedKey::of(&1_u32),
            SharedKey::of(&1_u64),
            SharedKey::of(&()),
        ];
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[..at].contains(key), "{at}");
        }
    }
}
