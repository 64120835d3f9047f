use http::{
    HeaderMap, HeaderName,
    header::{ACCEPT, ACCEPT_CHARSET, ACCEPT_ENCODING, ACCEPT_LANGUAGE, COOKIE},
};
use smallvec::SmallVec;

use super::list::{Members, trimmed};

/// The normal form of a field's value. Two values with the same one mean the same.
pub(super) type Normal = SmallVec<[u8; 128]>;

/// That of a request's field; `None` if it has none.
pub(super) fn value(request: &HeaderMap, name: &HeaderName) -> Option<Normal> {
    let mut lines = request.get_all(name).iter().map(|line| line.as_bytes());
    let first = lines.next()?;
    // HTTP/2 may split cookies into lines, at what would be semicolons (RFC 9113 section 8.2.3).
    let separator: &[u8] = if name == COOKIE { b"; " } else { b"," };
    let mut joined = Normal::from_slice(first);
    for line in lines {
        joined.extend_from_slice(separator);
        joined.extend_from_slice(line);
    }
    if name == COOKIE {
        return Some(joined);
    }
    let list = [ACCEPT, ACCEPT_CHARSET, ACCEPT_ENCODING, ACCEPT_LANGUAGE].contains(name);
    Some(if list { preferences(&joined, name == ACCEPT) } else { members(&joined) })
}

/// With no white space around commas.
fn members(text: &[u8]) -> Normal {
    let mut normal = Normal::new();
    join(&mut normal, Members::with_empty(text));
    normal
}

/// Of a list with weights (RFC 9110 section 12.4.2), in which the order means nothing: sorted, each member once.
fn preferences(text: &[u8], parameters: bool) -> Normal {
    let mut members: SmallVec<[Normal; 8]> =
        Members::of(text).map(|member| preference(member, parameters)).collect();
    members.sort_unstable();
    members.dedup();
    let mut normal = Normal::new();
    join(&mut normal, members.iter().map(|member| &**member));
    normal
}

fn join<'a>(normal: &mut Normal, members: impl Iterator<Item = &'a [u8]>) {
    for (at, member) in members.enumerate() {
        if at > 0 {
            normal.push(b',');
        }
        normal.extend_from_slice(member);
    }
}

/// `GZip ; q=0.50` as `gzip;q=500`, and `gzip;q=1` as `gzip`. The values of other parameters may heed case.
fn preference(member: &[u8], parameters: bool) -> Normal {
    if member.contains(&b'"') {
        return Normal::from_slice(member);
    }
    let mut parts = member.split(|byte| *byte == b';').map(trimmed);
    let mut normal = Normal::from_slice(parts.next().unwrap_or_default());
    normal.make_ascii_lowercase();
    for part in parts {
        let weight =
            part.strip_prefix(b"q=").or_else(|| part.strip_prefix(b"Q=")).and_then(thousandths);
        match weight {
            Some(1_000) if !parameters => {}
            Some(weight) => {
                normal.extend_from_slice(b";q=");
                normal.extend_from_slice(itoa::Buffer::new().format(weight).as_bytes());
            }
            None => {
                normal.push(b';');
                normal.extend_from_slice(part);
            }
        }
    }
    normal
}

/// A weight: `0`, `1`, and either with up to three digits after a point. `None` if it is none.
pub(super) fn thousandths(text: &[u8]) -> Option<u16> {
    let (whole, digits) = match text {
        [whole] => (whole, &[][..]),
        [whole, b'.', digits @ ..] if digits.len() <= 3 => (whole, digits),
        _ => return None,
    };
    let mut weight = match whole {
        b'0' => 0,
        b'1' => 1,
        _ => return None,
    };
    for at in 0..3 {
        let digit = digits.get(at).copied().unwrap_or(b'0');
        weight = weight * 10 + u16::from(digit.is_ascii_digit().then(|| digit - b'0')?);
    }
    (weight <= 1_000).then_some(weight)
}
