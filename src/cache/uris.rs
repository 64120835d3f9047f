use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

/// Which URIs responses were ever stored for, or may be soon: some more than those, never fewer.
///
/// A Bloom filter with one bit for each (Bloom, 1970): clients can name any number of URIs, and what is known of them all takes
/// as much room as this.
pub(super) struct Uris(Box<[AtomicU64]>);

/// 128 KiB: of a hundred thousand URIs, one in ten that is not known looks as if it were.
const WORDS: usize = 1 << 14;

impl Default for Uris {
    fn default() -> Self {
        Self((0..WORDS).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Uris {
    pub(super) fn add(&self, uri: u64) {
        let (word, bit) = self.place(uri);
        if word.load(Ordering::Relaxed) & bit == 0 {
            // In one order with the check of who purges: see `may_have`.
            word.fetch_or(bit, Ordering::SeqCst);
        }
    }

    /// Whether it may be known. Whoever adds a URI before it notes how many purges there were is seen here, or has noted them
    /// after this purge's turn.
    pub(super) fn may_have(&self, uri: u64) -> bool {
        let (word, bit) = self.place(uri);
        word.load(Ordering::SeqCst) & bit != 0
    }

    fn place(&self, uri: u64) -> (&AtomicU64, u64) {
        (&self.0[(uri >> 6) as usize % WORDS], 1 << (uri & 63))
    }
}

impl fmt::Debug for Uris {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uris").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_known_and_hardly_anything_else() {
        let uris = Uris::default();
        let scattered = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (0..10_000).for_each(|n| uris.add(scattered(n)));
        assert!((0..10_000).all(|n| uris.may_have(scattered(n))));
        let wrong = (10_000..20_000).filter(|n| uris.may_have(scattered(*n))).count();
        assert!(wrong < 300, "{wrong} of 10000");
    }
}
