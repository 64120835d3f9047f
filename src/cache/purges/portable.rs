//! Purges in bytes that mean the same in every process.

use bytes::Bytes;

use super::{Matcher, Purge, matcher::Uris};

const ALL: u8 = 0;
const TAG: u8 = 1;
const PREFIX: u8 = 2;
const PATTERN: u8 = 3;

impl Purge {
    /// The same bytes for the same purge.
    pub(crate) fn to_bytes(&self) -> Bytes {
        let of = |kind: u8, number: u64, text: &[u8]| {
            Bytes::from([&[kind][..], &number.to_le_bytes(), text].concat())
        };
        match self {
            Self::All => Bytes::from_static(&[ALL]),
            Self::Tag(tag) => of(TAG, *tag, &[]),
            Self::Matching(Matcher { cache, uris: Uris::Prefix(prefix) }) => {
                of(PREFIX, *cache, prefix.as_bytes())
            }
            Self::Matching(Matcher { cache, uris: Uris::Pattern(pattern) }) => {
                of(PATTERN, *cache, pattern.to_string().as_bytes())
            }
        }
    }

    /// What another process wants to be purged. What cannot be understood may have meant anything, so it purges everything.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        Self::read(bytes).unwrap_or(Self::All)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let (number, text) = rest.split_first_chunk()?;
        let number = u64::from_le_bytes(*number);
        let text = || std::str::from_utf8(text).ok();
        match *kind {
            TAG if rest.len() == size_of::<u64>() => Some(Self::Tag(number)),
            PREFIX => Some(Self::Matching(Matcher::prefix(number, text()?))),
            PATTERN => Some(Self::Matching(Matcher::pattern(number, text()?.parse().ok()?))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purge_means_the_same_after_it_was_written_and_read() {
        for purge in [
            Purge::All,
            Purge::Tag(u64::MAX - 7),
            Purge::Matching(Matcher::prefix(7, "https://example.com/a")),
            Purge::Matching(Matcher::prefix(7, "")),
            Purge::Matching(Matcher::pattern(7, "/a/**".parse().unwrap())),
        ] {
            assert_eq!(Purge::from_bytes(&purge.to_bytes()), purge);
        }
    }

    #[test]
    fn what_is_not_understood_purges_everything() {
        let tag = Purge::Tag(1).to_bytes();
        let pattern = Purge::Matching(Matcher::pattern(7, "/a".parse().unwrap())).to_bytes();
        for bytes in [
            &[][..],
            &[9],
            &tag[..8],
            &[&tag[..], b"x"].concat(),
            &[&pattern[..], b"***"].concat(),
            &[PREFIX, 0, 0, 0, 0, 0, 0, 0, 0, 0xff],
        ] {
            assert_eq!(Purge::from_bytes(bytes), Purge::All, "{bytes:?}");
        }
    }
}
