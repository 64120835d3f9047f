use std::{fmt, hash::Hasher};

/// All that a fingerprint is computed from, written out: two requests are the same to a cache if these are.
///
/// Each part is written such that no other parts together could look the same: see
/// [`FingerprintBuilder::write`](super::FingerprintBuilder).
pub(crate) struct KeyBytes {
    len: usize,
    /// Most fit in here.
    on_stack: [u8; ON_STACK],
    /// All of it, if it does not fit.
    on_heap: Vec<u8>,
}

const ON_STACK: usize = 256;

/// Where in the key bytes the URI is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    pub(crate) host: u32,
    pub(crate) end: u32,
    /// Whether its host had capital letters.
    pub(crate) lowered: bool,
}

impl Default for KeyBytes {
    fn default() -> Self {
        Self { len: 0, on_stack: [0; ON_STACK], on_heap: Vec::new() }
    }
}

impl KeyBytes {
    #[inline]
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.room(bytes.len()).copy_from_slice(bytes);
    }

    /// Appends so many bytes, for the caller to fill.
    #[inline]
    pub(crate) fn room(&mut self, bytes: usize) -> &mut [u8] {
        let (from, to) = (self.len, self.len + bytes);
        self.len = to;
        if to <= ON_STACK { &mut self.on_stack[from..to] } else { self.room_on_heap(from, to) }
    }

    #[cold]
    fn room_on_heap(&mut self, from: usize, to: usize) -> &mut [u8] {
        if self.on_heap.is_empty() {
            self.on_heap.extend_from_slice(&self.on_stack[..from]);
        }
        self.on_heap.resize(to, 0);
        &mut self.on_heap[from..]
    }

    #[inline]
    pub(crate) fn len(&self) -> u32 {
        self.len as u32
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        if self.len <= ON_STACK { &self.on_stack[..self.len] } else { &self.on_heap }
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

impl fmt::Debug for KeyBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyBytes").field("len", &self.len).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_stays_however_long_it_gets() {
        let (mut key, mut all) = (KeyBytes::default(), Vec::new());
        for n in 0..100_u8 {
            let part = vec![n; usize::from(n % 13)];
            key.push(&part);
            all.extend(part);
            assert_eq!((key.bytes(), key.len() as usize), (&all[..], all.len()));
        }
        assert!(all.len() > 2 * ON_STACK);
    }
}
