use http::{
    HeaderMap, HeaderValue,
    header::{CONTENT_RANGE, DATE, IF_RANGE, LAST_MODIFIED, RANGE},
};

use super::{
    EntityTag, HttpDate,
    fields::only_value,
    list::{Members, number, trimmed},
};

/// What part of a stored 200 a GET asks for (RFC 9110 section 14.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// All of it, with status 200.
    Whole,
    /// A part of it, with status 206.
    Part {
        /// The first byte.
        start: u64,
        /// The last byte.
        end: u64,
    },
    /// What there is not: status 416.
    Unsatisfiable,
}

impl Range {
    /// What a request asks for of a content of `length` bytes.
    ///
    /// ```
    /// use http::{HeaderMap, header::RANGE};
    /// use tower_weir::cache::rules::Range;
    ///
    /// let request = HeaderMap::from_iter([(RANGE, "bytes=-500".parse()?)]);
    /// let range = Range::evaluate(&request, &HeaderMap::new(), 2_000);
    /// assert_eq!(range, Range::Part { start: 1_500, end: 1_999 });
    /// # Ok::<(), http::header::InvalidHeaderValue>(())
    /// ```
    ///
    /// Several ranges, other units, and what is not written well are ignored: the whole is the answer then. So it is if the
    /// client has another version than the stored one (`If-Range`, RFC 9110 section 13.1.5): it must be named by the same
    /// strong tag, or by a `Last-Modified` that is the same and from before the second in which the response was sent.
    pub fn evaluate(request: &HeaderMap, stored: &HeaderMap, length: u64) -> Self {
        if !request.contains_key(RANGE) || !has_this_version(request, stored) {
            return Self::Whole;
        }
        only_value(request, &RANGE).and_then(spec).map_or(Self::Whole, |spec| spec.of(length))
    }
}

/// A range of bytes as it was asked for.
#[derive(Clone, Copy)]
enum Spec {
    From(u64),
    FromTo(u64, u64),
    Last(u64),
}

impl Spec {
    fn of(self, length: u64) -> Range {
        let Some(last) = length.checked_sub(1) else {
            return match self {
                // All of nothing: there is no part that could be named.
                Self::Last(1..) => Range::Whole,
                _ => Range::Unsatisfiable,
            };
        };
        match self {
            Self::From(start) if start <= last => Range::Part { start, end: last },
            Self::FromTo(start, end) if start <= last => Range::Part { start, end: end.min(last) },
            Self::Last(count @ 1..) => {
                Range::Part { start: length.saturating_sub(count), end: last }
            }
            _ => Range::Unsatisfiable,
        }
    }
}

/// The one range that is asked for; `None` if there are several, or it is none.
fn spec(value: &HeaderValue) -> Option<Spec> {
    let equals = value.as_bytes().iter().position(|byte| *byte == b'=')?;
    let (unit, ranges) = value.as_bytes().split_at(equals);
    if !trimmed(unit).eq_ignore_ascii_case(b"bytes") {
        return None;
    }
    let mut ranges = Members::of(&ranges[1..]);
    let range = ranges.next().filter(|_| ranges.next().is_none())?;
    let dash = range.iter().position(|byte| *byte == b'-')?;
    match (&range[..dash], &range[dash + 1..]) {
        (b"", last) => Some(Spec::Last(number(last)?)),
        (first, b"") => Some(Spec::From(number(first)?)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Spec::FromTo(first, last))
        }
    }
}

/// Whether the client's version, if it names one, is the stored one.
fn has_this_version(request: &HeaderMap, stored: &HeaderMap) -> bool {
    if !request.contains_key(IF_RANGE) {
        return true;
    }
    let Some(value) = only_value(request, &IF_RANGE) else { return false };
    if let Some(tag) = EntityTag::parse(value.as_bytes()) {
        return EntityTag::of(stored).is_some_and(|held| held.strongly_equals(tag));
    }
    // A year of two digits is taken for one long ago, which is before any change.
    let now = HttpDate::from_unix(0);
    let Some(sent) = HttpDate::of_field(stored, &DATE, now) else { return false };
    let Some(modified) = HttpDate::of_field(stored, &LAST_MODIFIED, sent) else { return false };
    modified < sent && HttpDate::parse(value.as_bytes(), sent) == Some(modified)
}

/// Which bytes of what whole a 206 has (RFC 9110 section 14.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentRange {
    /// The first byte.
    pub start: u64,
    /// The last byte.
    pub end: u64,
    /// How many bytes there are in all, if it is known.
    pub complete: Option<u64>,
}

impl ContentRange {
    /// That of a response. `None` if it has none, more than one, or one that makes no sense.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let value = only_value(headers, &CONTENT_RANGE)?.as_bytes();
        let space = value.iter().position(|byte| *byte == b' ')?;
        let (unit, rest) = value.split_at(space);
        if !unit.eq_ignore_ascii_case(b"bytes") {
            return None;
        }
        let rest = &rest[1..];
        let slash = rest.iter().position(|byte| *byte == b'/')?;
        let (range, complete) = (&rest[..slash], &rest[slash + 1..]);
        let dash = range.iter().position(|byte| *byte == b'-')?;
        let complete = if complete == b"*" { None } else { Some(number(complete)?) };
        let (start, end) = (number(&range[..dash])?, number(&range[dash + 1..])?);
        let fits = start <= end && end < complete.unwrap_or(u64::MAX);
        fits.then_some(Self { start, end, complete })
    }

    /// How many bytes it has.
    pub const fn length(self) -> u64 {
        self.end.saturating_sub(self.start).saturating_add(1)
    }

    /// Whether it has every byte.
    pub fn is_whole(self) -> bool {
        self.complete == Some(self.length())
    }

    /// Where in it a range is; `None` if it does not have all of that.
    pub fn within(self, range: Range) -> Option<std::ops::Range<u64>> {
        let (start, end) = match range {
            Range::Part { start, end } => (start, end),
            Range::Whole => (0, self.complete?.checked_sub(1)?),
            Range::Unsatisfiable => return None,
        };
        (self.start <= start && end <= self.end).then(|| start - self.start..end - self.start + 1)
    }

    /// What two parts of the same whole are together (RFC 9111 section 3.4). `None` if there is a gap between them, or they
    /// are not of a whole of the same length. That they are of the same version, see [`same_strong_validator`].
    pub fn joined(self, other: Self) -> Option<Self> {
        let complete = match (self.complete, other.complete) {
            (Some(one), Some(other)) if one != other => return None,
            (one, other) => one.or(other),
        };
        let touch = |a: Self, b: Self| a.start <= b.end.saturating_add(1);
        (touch(self, other) && touch(other, self)).then(|| Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
            complete,
        })
    }

    /// As a field of a 206.
    pub fn to_value(self) -> HeaderValue {
        let Self { start, end, complete } = self;
        let text = match complete {
            Some(complete) => format!("bytes {start}-{end}/{complete}"),
            None => format!("bytes {start}-{end}/*"),
        };
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("bytes */*"))
    }

    /// As a field of a 416 for a content of `length` bytes.
    pub fn unsatisfied(length: u64) -> HeaderValue {
        let text = format!("bytes */{length}");
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("bytes */*"))
    }
}

/// Whether two responses are parts of the same version: both have the same strong `ETag` (RFC 9111 section 3.4).
pub fn same_strong_validator(one: &HeaderMap, other: &HeaderMap) -> bool {
    EntityTag::of(one)
        .zip(EntityTag::of(other))
        .is_some_and(|(one, other)| one.strongly_equals(other))
}
