//! The checks of the fuzz targets, on bytes that are less cunning and always the same number.

use proptest::{collection::vec, prelude::*, sample::select};

#[path = "../../support/cache_checks.rs"]
mod cache_checks;

/// Any bytes, or words of the field in any order, with lines and zeros among them.
fn bytes(words: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let words = vec(select(words), 0..12).prop_map(|words| words.concat().into_bytes());
    prop_oneof![vec(any::<u8>(), 0..64), words]
}

proptest! {
    #[test]
    fn nothing_makes_a_response_fresher_than_its_directives(bytes in bytes(&[
        "max-age", "s-maxage", "no-cache", "no-store", "private", "public", "must-understand", "stale-if-error",
        "stale-while-revalidate", "=", "\"", ",", ";", " ", "\\", "60", "9999", "x", "\n", "\0",
    ])) {
        cache_checks::cache_control(&bytes);
    }

    #[test]
    fn every_date_can_be_written_and_read_again(bytes in bytes(&[
        "\0\0\0\0", "Sun", "Sunday", ",", " ", "-", "06", "6", "31", "Nov", "Feb", "1994", "94", "08:49:37", "GMT",
    ])) {
        cache_checks::dates(&bytes);
    }

    #[test]
    fn to_vary_alike_is_an_equivalence(bytes in bytes(&[
        "foo", "accept", "accept-encoding", "*", ",", ";", "q=", "0.5", "1", "gzip", "GZIP", "br", "\"", "\\", " ",
        "\n", "\0", "\0",
    ])) {
        cache_checks::vary(&bytes);
    }

    #[test]
    fn requests_share_a_key_only_if_they_are_the_same(bytes in bytes(&[
        "/", "/", "a", "b", "?", "&", "=", "%61", "http://", "h", "H", ":80", "@", ".", " ", "\n", "\n", "\n", "\0", "\0",
    ])) {
        cache_checks::fingerprint(&bytes);
    }
}
