//! The body of a record, compressed where that makes it smaller.

use bytes::Bytes;

use super::{
    codec::Unusable,
    wire::{Reader, Writer},
};

const PLAIN: u8 = 0;
/// RFC 8878.
const ZSTD: u8 = 1;

/// From so many bytes on, compressing is worth a try.
const FROM: usize = 1 << 10;
/// Of zstd's levels the fastest: what is saved is the way to the tier and its memory, and levels above save little more.
const LEVEL: i32 = 1;

pub(super) fn write(body: &Bytes, writer: &mut Writer) {
    writer.number(body.len() as u64);
    let packed = if body.len() < FROM { None } else { zstd::bulk::compress(body, LEVEL).ok() };
    match packed.filter(|packed| packed.len() < body.len()) {
        Some(packed) => {
            writer.byte(ZSTD);
            writer.text(&packed);
        }
        None => {
            writer.byte(PLAIN);
            writer.text(body);
        }
    }
}

/// `None` if it is damaged. However much it would grow to, no more memory is taken than its length says, and `limit` allows.
pub(super) fn read(reader: &mut Reader<'_>, limit: u64) -> Option<Result<Bytes, Unusable>> {
    let length = reader.number()?;
    let (kind, body) = (reader.byte()?, reader.text()?);
    if length > limit {
        return Some(Err(Unusable::TooLarge));
    }
    let length = usize::try_from(length).ok()?;
    let body = match kind {
        PLAIN => Bytes::copy_from_slice(body),
        ZSTD => zstd::bulk::decompress(body, length).ok()?.into(),
        _ => return None,
    };
    (body.len() == length).then_some(Ok(body))
}
