use std::{borrow::Cow, fmt};

use crate::{
    head::Head,
    key::KeySeed,
    sync::{AtomicU64, Ordering},
};

/// How often unsafe requests to each path were answered and their answers ended, so that nobody who comes after that joins a
/// call from before it.
///
/// A table of a fixed size: paths that share a place in it begin calls anew more often than they had to, and that is all.
pub(super) struct Writes(Box<[AtomicU64]>);

const PLACES: usize = 1_024;

/// A place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(usize);

impl Writes {
    pub(super) fn new() -> Self {
        Self((0..PLACES).map(|_| AtomicU64::new(0)).collect())
    }

    /// The place of what a request is sent to: its path, as the client sent it but however it spells it, whatever the host is.
    pub(super) fn place(&self, head: &Head<'_>, seed: &KeySeed) -> Place {
        Place(seed.key(&*plain(head.sent_uri().path())).bits() as usize % self.0.len())
    }

    /// How many have ended there.
    ///
    /// Whoever knows that one has ended, as it has its answer, sees it counted here too: what happens to one atomic has one
    /// order, which no thread sees otherwise.
    pub(super) fn ended(&self, place: Place) -> u64 {
        self.0[place.0].load(Ordering::Relaxed)
    }

    /// One has ended there.
    pub(super) fn end(&self, place: Place) {
        self.0[place.0].fetch_add(1, Ordering::Relaxed);
    }
}

/// A path with its escapes resolved, and without slashes that services are known to overlook: one path for many, as a write
/// that is taken to be elsewhere would leave others with what was there before it (RFC 3986 section 6.2.2.2).
fn plain(path: &str) -> Cow<'_, [u8]> {
    let path = path.trim_end_matches('/');
    if !path.contains('%') && !path.contains("//") {
        return Cow::Borrowed(path.as_bytes());
    }
    let (mut plain, mut rest) = (Vec::with_capacity(path.len()), path.as_bytes());
    while let Some((byte, after)) = rest.split_first() {
        let (byte, after) = escaped(rest).unwrap_or((*byte, after));
        if byte != b'/' || plain.last() != Some(&b'/') {
            plain.push(byte);
        }
        rest = after;
    }
    plain.pop_if(|last| *last == b'/');
    Cow::Owned(plain)
}

/// The byte whose escape begins here, and what comes after.
fn escaped(text: &[u8]) -> Option<(u8, &[u8])> {
    let (escape, after) = text.split_first_chunk::<3>()?;
    let digits = escape.strip_prefix(b"%")?;
    let digit = |n: usize| char::from(digits[n]).to_digit(16);
    Some(((digit(0)? * 16 + digit(1)?) as u8, after))
}

impl fmt::Debug for Writes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writes").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn places_are_those_of_paths_and_nothing_else() {
        let (writes, seed) = (Writes::new(), KeySeed::fixed([1, 2]));
        let place =
            |uri: &str| writes.place(&Head::of(&Request::get(uri).body(()).unwrap()), &seed);
        assert_eq!(place("/a?b=c"), place("http://host/a"));
        assert_ne!(place("/a"), place("/b"));
        writes.end(place("/a"));
        assert_eq!((writes.ended(place("/a")), writes.ended(place("/b"))), (1, 0));
    }

    #[test]
    fn a_path_has_one_place_however_it_is_spelled() {
        for (spelled, expected) in [
            ("/a~b/7", "/a~b/7"),
            ("/a%7eb/%37", "/a~b/7"),
            ("//a//b/", "/a/b"),
            ("/a%2F%2fb%2f", "/a/b"),
            ("/", ""),
            ("", ""),
            ("/%", "/%"),
            ("/%4", "/%4"),
            ("/%zz%41", "/%zzA"),
            ("/%2541", "/%41"),
            ("*", "*"),
        ] {
            assert_eq!(*plain(spelled), *expected.as_bytes(), "{spelled}");
        }
        assert_eq!(*plain("/%ff"), [b'/', 0xff]);
    }
}
