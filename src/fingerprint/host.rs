//! Which host a request is for.

use http::{HeaderValue, Uri, header::HOST};

use super::{KeyBytes, Seen, Unfit};
use crate::head::Head;

/// What counts is the host of the URI, but many services read the field (RFC 9112 section 3.2.2): so they must be the same.
pub(super) fn check_agreement(head: &Head<'_>, seen: Seen) -> Result<(), Unfit> {
    let field = head.headers.get(HOST).map_or(&[][..], HeaderValue::as_bytes);
    let authority = head.uri.authority().map_or(&[][..], |authority| authority.as_str().as_bytes());
    if !seen.has(Seen::HOSTS) && field == authority { Ok(()) } else { Err(Unfit::Host) }
}

/// Host and port. The URI's authority goes before the field `Host` (RFC 9112 section 3.2.2).
#[inline]
pub(super) fn host_of<'a>(uri: &'a Uri, head: &Head<'a>, seen: Seen) -> Result<&'a [u8], Unfit> {
    match uri.authority() {
        Some(authority) => Ok(authority.as_str().as_bytes()),
        None if !seen.has(Seen::HOST) => Ok(b""),
        None if seen.has(Seen::HOSTS) => Err(Unfit::Host),
        None => Ok(head.headers.get(HOST).map_or(&[][..], HeaderValue::as_bytes)),
    }
}

/// Appends a host in lower case, if it is one. Whether it had capital letters.
#[inline]
pub(super) fn write_host(host: &[u8], key: &mut KeyBytes) -> Result<bool, Unfit> {
    let (mut is_clear, mut had_capitals) = (true, false);
    for (lower, byte) in key.room(host.len()).iter_mut().zip(host) {
        *lower = HOST_BYTES[usize::from(*byte)];
        is_clear &= *lower != 0;
        had_capitals |= lower != byte;
    }
    if is_clear { Ok(had_capitals) } else { Err(Unfit::Host) }
}

/// Each byte that may be in a host in lower case, 0 for others: what ends a host, separates several, or comes before one, as in
/// `user@host`, is in none.
const HOST_BYTES: [u8; 256] = {
    let (mut bytes, mut byte) = ([0; 256], 0);
    while byte < 256 {
        let char = byte as u8;
        if char.is_ascii_graphic() && !matches!(char, b',' | b'/' | b'?' | b'#' | b'@' | b'\\') {
            bytes[byte] = char.to_ascii_lowercase();
        }
        byte += 1;
    }
    bytes
};
