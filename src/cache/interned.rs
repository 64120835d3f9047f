//! Names and values of stored header fields, in the form that is the cheapest to copy.
//!
//! A hit copies all fields of the stored response. To copy a name or value that lives for ever costs nothing; any other counts
//! who has it, in a word that all processors fight over when many answer with the same response. So names, and values of
//! fields that have few different ones, are kept for ever: as many as there is room for, whatever the service sends.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, header::AGE};
use rustc_hash::FxBuildHasher;

use super::rules::CacheStatus;

/// Texts that live for ever, of which there are only so many.
struct Interned {
    // Hashed fast and by no secret: the service chooses the texts, and there are only so many.
    texts: Mutex<Option<HashSet<&'static str, FxBuildHasher>>>,
    capacity: usize,
}

/// 64 KiB of names at most, and 256 KiB of values.
static NAMES: Interned = Interned { texts: Mutex::new(None), capacity: 1_024 };
static VALUES: Interned = Interned { texts: Mutex::new(None), capacity: 2_048 };
const LONGEST_NAME: usize = 64;
const LONGEST_VALUE: usize = 128;

impl Interned {
    fn get(&self, text: &str) -> Option<&'static str> {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let texts = texts.get_or_insert_default();
        if let Some(known) = texts.get(text) {
            return Some(known);
        }
        if texts.len() >= self.capacity {
            return None;
        }
        let text: &'static str = Box::leak(text.into());
        texts.insert(text);
        Some(text)
    }
}

/// Whether most responses of a service have one of a few values in this field.
fn has_few_values(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "accept-ranges"
            | "access-control-allow-credentials"
            | "access-control-allow-headers"
            | "access-control-allow-methods"
            | "access-control-allow-origin"
            | "access-control-expose-headers"
            | "access-control-max-age"
            | "alt-svc"
            | "cache-control"
            | "content-disposition"
            | "content-encoding"
            | "content-language"
            | "content-security-policy"
            | "content-type"
            | "referrer-policy"
            | "server"
            | "strict-transport-security"
            | "vary"
            | "via"
            | "x-content-type-options"
            | "x-frame-options"
            | "x-xss-protection"
    )
}

/// The same fields in that form, after `Age` and, if it is wanted, `Cache-Status`, whose values each hit replaces.
///
/// Values that are not kept for ever are moved together: the buffers that they came in may be much larger.
pub(super) fn fields(headers: &HeaderMap, with_status: bool) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(headers.keys_len() + 2);
    kept.insert(AGE, HeaderValue::from_static("0"));
    if with_status {
        kept.insert(CacheStatus::FIELD, HeaderValue::from_static("weir"));
    }
    let is_kept =
        |name: &&HeaderName| **name != AGE && !(with_status && **name == CacheStatus::FIELD);
    let others = || headers.iter().filter(|(name, _)| is_kept(name));
    let own_bytes: usize = others().map(|(_, value)| value.len()).sum();
    let mut buffer = BytesMut::with_capacity(own_bytes);
    // First all bytes, so that the buffer is shared by slices of it from the beginning.
    let mut places = Vec::with_capacity(headers.len());
    for (name, value) in others() {
        let known =
            value.to_str().ok().filter(|text| text.len() <= LONGEST_VALUE && has_few_values(name));
        places.push(match known.and_then(|text| VALUES.get(text)) {
            Some(text) => Place::ForEver(text),
            None => {
                let from = buffer.len();
                buffer.extend_from_slice(value.as_bytes());
                Place::Buffer(from..buffer.len())
            }
        });
    }
    let buffer = Bytes::from(buffer.to_vec());
    for ((name, value), place) in others().zip(places) {
        let moved = match place {
            Place::ForEver(text) => HeaderValue::from_static(text),
            Place::Buffer(range) => {
                let mut moved = HeaderValue::from_maybe_shared(buffer.slice(range))
                    .unwrap_or_else(|_| value.clone());
                moved.set_sensitive(value.is_sensitive());
                moved
            }
        };
        kept.append(name_for_ever(name), moved);
    }
    kept
}

enum Place {
    ForEver(&'static str),
    Buffer(std::ops::Range<usize>),
}

/// A name that costs nothing to copy, if there is room for it.
fn name_for_ever(name: &HeaderName) -> HeaderName {
    let is_short = name.as_str().len() <= LONGEST_NAME;
    let known = is_short.then(|| NAMES.get(name.as_str())).flatten();
    known.map_or_else(|| name.clone(), HeaderName::from_static)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_the_same_in_their_order() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("content-type", "text/plain"),
            ("x-own", "1"),
            ("x-own", "2"),
            ("etag", "\"a\""),
            ("age", "7"),
            ("cache-status", "inner; hit"),
            ("cache-control", "max-age=5"),
            ("x-bytes", "\u{e9}"),
        ] {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        headers.insert("x-secret", HeaderValue::from_static("s"));
        headers.get_mut("x-secret").unwrap().set_sensitive(true);
        for with_status in [true, false] {
            let kept = fields(&headers, with_status);
            let first: Vec<_> = kept.keys().take(2).map(HeaderName::as_str).collect();
            assert_eq!(
                first,
                if with_status { ["age", "cache-status"] } else { ["age", "content-type"] }
            );
            for name in
                headers.keys().filter(|name| !["age", "cache-status"].contains(&name.as_str()))
            {
                let of = |map: &HeaderMap| map.get_all(name).iter().cloned().collect::<Vec<_>>();
                assert_eq!(of(&kept), of(&headers), "{name}");
            }
            assert!(kept["x-secret"].is_sensitive());
            assert_eq!(kept["cache-status"], if with_status { "weir" } else { "inner; hit" });
        }
    }

    #[test]
    fn no_more_live_for_ever_than_there_is_room_for() {
        let interned = Interned { texts: Mutex::new(None), capacity: 3 };
        for text in ["a", "b", "a", "c"] {
            assert_eq!(interned.get(text), Some(text));
        }
        assert_eq!((interned.get("d"), interned.get("b")), (None, Some("b")));
    }
}
