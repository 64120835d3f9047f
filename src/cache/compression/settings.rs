/// Which stored responses are compressed: [`CacheLayer::compress`](crate::cache::CacheLayer::compress).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compression {
    pub(super) above: u64,
    pub(super) level: u32,
}

impl Compression {
    /// By gzip (RFC 1952), which all clients know: most hits are sent as they are stored. Bodies of more than 1,024 bytes, at
    /// level 6.
    pub const fn gzip() -> Self {
        Self { above: 1_024, level: 6 }
    }

    /// Only bodies of more than so many bytes.
    #[must_use]
    pub const fn above(self, bytes: u64) -> Self {
        Self { above: bytes, ..self }
    }

    /// How hard to try, from 1 (fast) to 9 (small). It is done once for each stored response.
    ///
    /// # Panics
    ///
    /// If it is none of these.
    #[must_use]
    pub const fn level(self, level: u32) -> Self {
        assert!(1 <= level && level <= 9, "the level of compression must be from 1 to 9");
        Self { level, ..self }
    }
}
