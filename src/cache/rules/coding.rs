use http::{HeaderMap, HeaderValue, header::ACCEPT_ENCODING};

use super::{
    list::{Members, trimmed},
    normal::thousandths,
};

/// What a client says of content codings in `Accept-Encoding` (RFC 9110 section 12.5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentCoding {
    /// The weight of a coding in thousandths, 0 if it is not to be used. `None` if nothing is said of it.
    coded: Option<u16>,
    identity: Option<u16>,
    any: Option<u16>,
}

impl ContentCoding {
    /// Whether a client would rather have content in `coding`, a lower-case name, than as it is.
    ///
    /// ```
    /// use http::{HeaderMap, header::ACCEPT_ENCODING};
    /// use tower_weir::cache::rules::ContentCoding;
    ///
    /// let accepts = |text: &'static str| {
    ///     let request = HeaderMap::from_iter([(ACCEPT_ENCODING, text.parse().unwrap())]);
    ///     ContentCoding::prefers(&request, b"gzip")
    /// };
    /// assert!(accepts("br, gzip;q=0.5") && accepts("*") && accepts("identity;q=0, gzip;q=0.1"));
    /// assert!(!accepts("br") && !accepts("gzip;q=0, *") && !accepts("gzip;q=0.5, identity"));
    /// ```
    ///
    /// One that says nothing gets it as it is, and so does one that wants neither.
    pub fn prefers(request: &HeaderMap, coding: &[u8]) -> bool {
        let told = Self::of(request, coding);
        let coded = told.coded.or(told.any).unwrap_or(0);
        coded > 0 && told.identity.is_none_or(|identity| coded >= identity)
    }

    /// Whether a client takes content as it is.
    pub fn allows_identity(request: &HeaderMap) -> bool {
        let told = Self::of(request, b"");
        told.identity.or(told.any).is_none_or(|weight| weight > 0)
    }

    fn of(request: &HeaderMap, coding: &[u8]) -> Self {
        let mut told = Self { coded: None, identity: None, any: None };
        let lines = request.get_all(ACCEPT_ENCODING).iter().map(HeaderValue::as_bytes);
        for member in lines.flat_map(Members::of) {
            let (name, weight) = split(member);
            let is = |other: &[u8]| name.eq_ignore_ascii_case(other);
            let place = if is(b"identity") {
                &mut told.identity
            } else if is(b"*") {
                &mut told.any
            } else if is(coding) || (coding == b"gzip" && is(b"x-gzip")) {
                &mut told.coded
            } else {
                continue;
            };
            // Of several the least: whoever said no once meant it.
            *place = Some(place.map_or(weight, |held| held.min(weight)));
        }
        told
    }
}

/// A coding and its weight. What is no weight counts as none at all.
fn split(member: &[u8]) -> (&[u8], u16) {
    let mut parts = member.split(|byte| *byte == b';').map(trimmed);
    let name = parts.next().unwrap_or_default();
    let weight = parts.next().map_or(Some(1_000), |weight| {
        let digits = weight.strip_prefix(b"q=").or_else(|| weight.strip_prefix(b"Q="))?;
        thousandths(digits)
    });
    (name, weight.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(lines: &[&'static str]) -> HeaderMap {
        let mut request = HeaderMap::new();
        for line in lines {
            request.append(ACCEPT_ENCODING, HeaderValue::from_static(line));
        }
        request
    }

    #[test]
    fn weights_decide_between_a_coding_and_none() {
        for (lines, prefers, allows) in [
            (&[][..], false, true),
            (&[""], false, true),
            (&["gzip"], true, true),
            (&["GZIP;Q=0.001"], true, true),
            (&["x-gzip"], true, true),
            (&["deflate, br;q=0.9"], false, true),
            (&["deflate", "gzip"], true, true),
            (&["gzip;q=0"], false, true),
            (&["gzip;q=0.000, *;q=1"], false, true),
            (&["*"], true, true),
            (&["*;q=0"], false, false),
            (&["*;q=0, identity"], false, true),
            (&["*;q=0, gzip"], true, false),
            (&["identity;q=0"], false, false),
            (&["identity;q=0, gzip;q=0.1"], true, false),
            (&["identity;q=0.5, gzip;q=0.5"], true, true),
            (&["identity;q=0.5, gzip;q=0.4"], false, true),
            (&["gzip;q=2"], false, true),
            (&["gzip;q=x"], false, true),
            (&["gzip, gzip;q=0"], false, true),
            (&["gzip ; q=1"], true, true),
        ] {
            let request = request(lines);
            assert_eq!(ContentCoding::prefers(&request, b"gzip"), prefers, "{lines:?}");
            assert_eq!(ContentCoding::allows_identity(&request), allows, "{lines:?}");
        }
    }
}
