use std::{fmt, io::Read};

use bytes::Bytes;

use super::gzip::{Decoder, decoder};
use crate::error::BoxError;

/// A compressed body as it was before, piece by piece: a response to a client that does not want it compressed takes no more memory
/// than one piece.
pub(in super::super) struct Inflating {
    decoder: Box<Decoder>,
    skip: u64,
    left: u64,
    /// Whether it ends where the content does.
    to_end: bool,
}

/// Bytes of a piece.
const PIECE: u64 = 32 << 10;

impl Inflating {
    /// So many bytes from `start` on, of what was `length` bytes.
    pub(super) fn part(coded: Bytes, length: u64, start: u64, count: u64) -> Self {
        let to_end = start + count == length;
        Self { decoder: Box::new(decoder(coded)), skip: start, left: count, to_end }
    }

    pub(in super::super) fn left(&self) -> u64 {
        self.left
    }

    /// The next piece, as long as something is left.
    pub(in super::super) fn next(&mut self) -> Option<Result<Bytes, BoxError>> {
        if self.left == 0 {
            return None;
        }
        let piece = self.read();
        if piece.is_err() {
            self.left = 0;
        }
        Some(piece)
    }

    fn read(&mut self) -> Result<Bytes, BoxError> {
        while self.skip > 0 {
            self.skip -= self.take(self.skip)?.len() as u64;
        }
        let piece = self.take(self.left)?;
        self.left -= piece.len() as u64;
        // Only beyond its end is the checksum looked at.
        if self.left == 0 && self.to_end && self.decoder.read(&mut [0])? > 0 {
            return Err(Damaged.into());
        }
        Ok(piece)
    }

    /// All of a piece, of so many bytes at most.
    fn take(&mut self, most: u64) -> Result<Bytes, BoxError> {
        let mut piece = vec![0; most.min(PIECE) as usize];
        self.decoder.read_exact(&mut piece).map_err(|_| Damaged)?;
        Ok(piece.into())
    }
}

impl fmt::Debug for Inflating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflating").field("left", &self.left).finish_non_exhaustive()
    }
}

/// What was stored is not what was compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Damaged;

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a response that was stored compressed is damaged")
    }
}

impl std::error::Error for Damaged {}

#[cfg(test)]
mod tests {
    use super::{super::gzip::deflate, *};

    fn plain() -> Vec<u8> {
        (0..100_000_u32).map(|n| (n / 100) as u8).collect()
    }

    fn read(mut body: Inflating) -> Result<Vec<u8>, BoxError> {
        let mut all = Vec::new();
        while let Some(piece) = body.next() {
            let piece = piece?;
            assert!(!piece.is_empty() && piece.len() as u64 <= PIECE);
            all.extend_from_slice(&piece);
        }
        assert_eq!(body.left(), 0);
        Ok(all)
    }

    #[test]
    fn every_part_is_as_it_was() {
        let (plain, coded) = (plain(), deflate(&plain(), 6).unwrap());
        for (start, end) in [(0, 100_000), (0, 1), (99_999, 100_000), (40_000, 80_000), (5, 5)] {
            let body = Inflating::part(coded.clone(), 100_000, start, end - start);
            assert_eq!(read(body).unwrap(), plain[start as usize..end as usize]);
        }
    }

    #[test]
    fn what_is_damaged_ends_in_an_error_and_never_as_if_it_were_whole() {
        let coded = deflate(&plain(), 6).unwrap();
        let whole = |coded| read(Inflating::part(coded, 100_000, 0, 100_000));
        assert!(whole(coded.slice(..coded.len() / 2)).is_err());
        assert!(whole(coded.slice(..coded.len() - 1)).is_err());
        assert!(whole(Bytes::from_static(b"not gzip")).is_err());
        let mut other_sum = coded.to_vec();
        let at = other_sum.len() - 5;
        other_sum[at] ^= 1;
        assert!(whole(other_sum.into()).is_err());
        assert!(read(Inflating::part(coded, 99_999, 0, 99_999)).is_err(), "it is longer");
    }
}
