use std::hash::Hasher;

use smallvec::SmallVec;

/// All that a fingerprint is computed from, written out: two requests are the same to a cache if these are.
///
/// Long enough for most to be on the stack. Each part is written such that no other parts together could look the same: see
/// [`FingerprintBuilder::write`](super::FingerprintBuilder).
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyBytes(SmallVec<[u8; 256]>);

/// Where in the key bytes the URI is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    pub(crate) host: u32,
    pub(crate) end: u32,
}

impl KeyBytes {
    #[inline]
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    #[inline]
    pub(crate) fn push_lower(&mut self, bytes: &[u8]) {
        self.0.extend(bytes.iter().map(u8::to_ascii_lowercase));
    }

    #[inline]
    pub(crate) fn len(&self) -> u32 {
        self.0.len() as u32
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Appends a length, which no other number of bytes begins with.
    pub(crate) fn push_len(&mut self, len: usize) {
        self.push(&(len as u64).to_le_bytes());
    }
}

/// Takes down what a value's [`Hash`](std::hash::Hash) would hash.
impl Hasher for KeyBytes {
    fn write(&mut self, bytes: &[u8]) {
        self.push(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}
