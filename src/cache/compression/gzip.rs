use std::io::{Read, Write};

use bytes::{Buf, Bytes, buf::Reader};
use flate2::{bufread::GzDecoder, write::GzEncoder};

/// Compresses it; `None` if it does not get smaller by an eighth at least: else it is not worth the work of undoing it.
pub(super) fn deflate(plain: &[u8], level: u32) -> Option<Bytes> {
    let most = plain.len() - plain.len() / 8;
    let coded = Vec::with_capacity(plain.len() / 4);
    let mut encoder = GzEncoder::new(coded, flate2::Compression::new(level));
    encoder.write_all(plain).ok()?;
    let coded = encoder.finish().ok()?;
    // In a block of exactly its size.
    (coded.len() <= most).then(|| Bytes::from(coded.into_boxed_slice()))
}

/// Reads what was compressed.
pub(super) type Decoder = GzDecoder<Reader<Bytes>>;

pub(super) fn decoder(coded: Bytes) -> Decoder {
    GzDecoder::new(coded.reader())
}

/// Undoes it; `None` if it is not as many bytes as it was, or its checksum is wrong.
pub(super) fn inflate(coded: Bytes, length: u64) -> Option<Bytes> {
    let mut plain = Vec::with_capacity(usize::try_from(length).ok()?);
    // One more, so that the end is met, where the checksum is.
    decoder(coded).take(length.checked_add(1)?).read_to_end(&mut plain).ok()?;
    (plain.len() as u64 == length).then(|| plain.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_does_not_get_smaller_is_left_alone() {
        let noise: Vec<u8> =
            (0..4_096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        assert_eq!(deflate(&noise[..64], 6), None);
        assert_eq!(deflate(b"", 6), None);
        assert!(deflate(&[b'a'; 4_096], 6).is_some_and(|coded| coded.len() < 100));
    }

    #[test]
    fn what_is_longer_or_shorter_or_torn_than_it_was_is_not_undone() {
        let coded = deflate(&[b'a'; 4_096], 6).unwrap();
        assert_eq!(inflate(coded.clone(), 4_096).unwrap(), vec![b'a'; 4_096]);
        assert_eq!(inflate(coded.clone(), 4_095), None);
        assert_eq!(inflate(coded.clone(), 4_097), None);
        assert_eq!(inflate(coded.slice(..coded.len() - 1), 4_096), None);
        let mut torn = coded.to_vec();
        *torn.last_mut().unwrap() ^= 1;
        assert_eq!(inflate(torn.into(), 4_096), None);
    }

    proptest! {
        #[test]
        fn all_that_is_compressed_comes_back(
            words in prop::collection::vec("[a-d]{1,4}", 0..2_000),
            level in 1_u32..=9,
        ) {
            let plain = words.concat();
            if let Some(coded) = deflate(plain.as_bytes(), level) {
                prop_assert!(coded.len() < plain.len());
                prop_assert_eq!(inflate(coded, plain.len() as u64).unwrap(), plain.as_bytes());
            }
        }
    }
}
