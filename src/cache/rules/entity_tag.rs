use http::{HeaderMap, header::ETAG};

use super::{fields::only_value, list::trimmed};

/// A validator in the form of `ETag` (RFC 9110 section 8.8.3).
///
/// ```
/// use tower_weir::cache::rules::EntityTag;
///
/// let strong = EntityTag::parse(br#""v1""#).unwrap();
/// let weak = EntityTag::parse(br#"W/"v1""#).unwrap();
/// assert!(strong.weakly_equals(weak));
/// assert!(!strong.strongly_equals(weak));
/// assert_eq!(EntityTag::parse(b"v1"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntityTag<'a> {
    opaque: &'a [u8],
    weak: bool,
}

impl<'a> EntityTag<'a> {
    /// Reads a tag, with nothing before or after it but white space.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let (tag, rest) = Self::split(trimmed(text))?;
        rest.is_empty().then_some(tag)
    }

    /// The tag of a response. `None` if it has none, more than one, or one that is not written well.
    pub fn of(headers: &'a HeaderMap) -> Option<Self> {
        Self::parse(only_value(headers, &ETAG)?.as_bytes())
    }

    /// Whether two responses with these tags may be used one for the other, if not byte by byte (RFC 9110 section 8.8.3.2).
    pub fn weakly_equals(self, other: EntityTag<'_>) -> bool {
        self.opaque == other.opaque
    }

    /// Whether two responses with these tags are the same byte by byte.
    pub fn strongly_equals(self, other: EntityTag<'_>) -> bool {
        !self.weak && !other.weak && self.opaque == other.opaque
    }

    /// Whether it stands for what is as good as the same, and not for the same bytes.
    pub const fn is_weak(self) -> bool {
        self.weak
    }

    /// Reads a tag at the beginning, and gives what follows it.
    fn split(text: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (weak, quoted) = match text.strip_prefix(b"W/") {
            Some(quoted) => (true, quoted),
            None => (false, text),
        };
        let inner = quoted.strip_prefix(b"\"")?;
        let end = inner.iter().position(|byte| *byte == b'"')?;
        let (opaque, rest) = (&inner[..end], &inner[end + 1..]);
        let written_well = opaque.iter().all(|byte| matches!(byte, 0x21 | 0x23..=0x7E | 0x80..));
        written_well.then_some((Self { opaque, weak }, rest))
    }
}

/// Whether one of the tags of a line of `If-None-Match` fits. What follows a tag that is not written well is not read.
pub(super) fn any_tag(line: &[u8], mut fits: impl FnMut(EntityTag<'_>) -> bool) -> bool {
    let mut rest = line;
    loop {
        while let [b' ' | b'\t' | b',', after @ ..] = rest {
            rest = after;
        }
        let Some((tag, after)) = EntityTag::split(rest) else { return false };
        let after = trimmed(after);
        if !after.is_empty() && after[0] != b',' {
            return false;
        }
        if fits(tag) {
            return true;
        }
        rest = after;
    }
}
