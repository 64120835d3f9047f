//! What is kept in a second tier, in bytes.
//!
//! A version, a kind, the full key, for how long it is kept, what the kind has, and a checksum. There is no time of day in it:
//! how old a response is follows from the age that it was written with, and from for how long the tier has had it.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::{
    Position, packed,
    wire::{Reader, Writer},
};
use crate::cache::rules::{Freshness, Lifetime, Staleness};

/// What a tier keeps under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Response(Box<Response>),
    /// Responses are kept under keys that depend on these fields of the request too.
    ByFields(Box<[HeaderName]>),
}

/// A response, without what is known of it from the request that it is wanted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Response {
    /// How long it had been in the cache when it was written.
    pub(super) resident: Duration,
    pub(super) born: Position,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) trailers: Option<HeaderMap>,
    pub(super) freshness: Freshness,
    /// The fields that it was chosen by, and their values in normal form.
    pub(super) selection: Vec<(HeaderName, Option<Box<[u8]>>)>,
    pub(super) for_authorized: bool,
    pub(super) is_public: bool,
    pub(super) took: Duration,
    pub(super) tags: Box<[u64]>,
    pub(super) body: Bytes,
}

/// Why a record is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// It is not one of this version, or not whole.
    Corrupt,
    /// Its key has the same hash, and is another.
    OtherKey,
    /// Its body is larger than is allowed here.
    TooLarge,
}

const VERSION: u8 = 1;
const RESPONSE: u8 = 0;
const BY_FIELDS: u8 = 1;

/// The record of what is kept for a key, for so long.
pub(super) fn encode(key: &[u8], keep: Duration, kept: &Kept) -> Bytes {
    let mut writer = Writer::default();
    writer.byte(VERSION);
    writer.byte(match kept {
        Kept::Response(_) => RESPONSE,
        Kept::ByFields(_) => BY_FIELDS,
    });
    writer.text(key);
    writer.number(millis(keep));
    match kept {
        Kept::Response(response) => write_response(response, &mut writer),
        Kept::ByFields(names) => {
            writer.number(names.len() as u64);
            names.iter().for_each(|name| writer.text(name.as_str().as_bytes()));
        }
    }
    let sum = checksum(writer.bytes());
    writer.fixed(&sum.to_le_bytes());
    writer.into_bytes().into()
}

/// What a record keeps for a key, and for how long it was to be kept. Its body may have `limit` bytes.
///
/// Nothing in it is believed before the checksum is right, and no more memory is taken than it has bytes, or `limit`.
pub(super) fn decode(bytes: &[u8], key: &[u8], limit: u64) -> Result<(Kept, Duration), Unusable> {
    let (content, sum) = bytes.split_last_chunk().ok_or(Unusable::Corrupt)?;
    if content.first() != Some(&VERSION) || u32::from_le_bytes(*sum) != checksum(content) {
        return Err(Unusable::Corrupt);
    }
    let mut reader = Reader::new(&content[1..]);
    let read = read(&mut reader, key, limit).ok_or(Unusable::Corrupt)?;
    if read.is_ok() && !reader.is_at_end() {
        return Err(Unusable::Corrupt);
    }
    read
}

fn read(
    reader: &mut Reader<'_>,
    key: &[u8],
    limit: u64,
) -> Option<Result<(Kept, Duration), Unusable>> {
    let kind = reader.byte()?;
    if reader.text()? != key {
        return Some(Err(Unusable::OtherKey));
    }
    let keep = Duration::from_millis(reader.number()?);
    let kept = match kind {
        RESPONSE => match read_response(reader, limit)? {
            Ok(response) => Kept::Response(Box::new(response)),
            Err(too_large) => return Some(Err(too_large)),
        },
        BY_FIELDS => Kept::ByFields(reader.several(name)?.into()),
        _ => return None,
    };
    Some(Ok((kept, keep)))
}

fn write_response(response: &Response, writer: &mut Writer) {
    writer.number(millis(response.resident));
    writer.word(response.born.log);
    writer.number(response.born.number);
    writer.number(response.status.as_u16().into());
    write_fields(&response.headers, writer);
    writer.byte(response.trailers.is_some().into());
    response.trailers.iter().for_each(|trailers| write_fields(trailers, writer));
    write_freshness(&response.freshness, writer);
    writer.number(response.selection.len() as u64);
    for (name, value) in &response.selection {
        writer.text(name.as_str().as_bytes());
        writer.option(value.as_deref());
    }
    writer.byte(response.for_authorized.into());
    writer.byte(response.is_public.into());
    writer.number(u64::try_from(response.took.as_micros()).unwrap_or(u64::MAX));
    writer.number(response.tags.len() as u64);
    response.tags.iter().for_each(|tag| writer.word(*tag));
    packed::write(&response.body, writer);
}

fn read_response(reader: &mut Reader<'_>, limit: u64) -> Option<Result<Response, Unusable>> {
    let response = Response {
        resident: Duration::from_millis(reader.number()?),
        born: Position { log: reader.word()?, number: reader.number()? },
        status: StatusCode::from_u16(reader.number()?.try_into().ok()?).ok()?,
        headers: fields(reader)?,
        trailers: if reader.flag()? { Some(fields(reader)?) } else { None },
        freshness: freshness(reader)?,
        selection: reader
            .several(|reader| Some((name(reader)?, reader.option()?.map(Box::from))))?,
        for_authorized: reader.flag()?,
        is_public: reader.flag()?,
        took: Duration::from_micros(reader.number()?),
        tags: reader.several(Reader::word)?.into(),
        body: Bytes::new(),
    };
    Some(packed::read(reader, limit)?.map(|body| Response { body, ..response }))
}

fn write_fields(fields: &HeaderMap, writer: &mut Writer) {
    writer.number(fields.len() as u64);
    for (name, value) in fields {
        writer.text(name.as_str().as_bytes());
        writer.byte(value.is_sensitive().into());
        writer.text(value.as_bytes());
    }
}

fn fields(reader: &mut Reader<'_>) -> Option<HeaderMap> {
    let mut fields = HeaderMap::new();
    reader.several(|reader| {
        let (name, is_sensitive) = (name(reader)?, reader.flag()?);
        let mut value = HeaderValue::from_bytes(reader.text()?).ok()?;
        value.set_sensitive(is_sensitive);
        fields.try_append(name, value).ok()
    })?;
    Some(fields)
}

fn name(reader: &mut Reader<'_>) -> Option<HeaderName> {
    HeaderName::from_lowercase(reader.text()?).ok()
}

fn write_freshness(freshness: &Freshness, writer: &mut Writer) {
    writer.number(freshness.age);
    writer.number(freshness.lifetime.into());
    for grant in [freshness.stale_while_revalidate, freshness.stale_if_error] {
        writer.number(grant.map_or(0, |seconds| u64::from(seconds) + 1));
    }
    writer.byte(match freshness.source {
        Lifetime::Explicit => 0,
        Lifetime::Heuristic => 1,
        Lifetime::Default => 2,
        Lifetime::Unknown => 3,
    });
    writer.byte(match freshness.staleness {
        Staleness::Allowed => 0,
        Staleness::IfGranted => 1,
        Staleness::Forbidden => 2,
    });
    writer.byte(freshness.no_cache.into());
    writer.byte(freshness.immutable.into());
}

fn freshness(reader: &mut Reader<'_>) -> Option<Freshness> {
    let grant = |reader: &mut Reader<'_>| match reader.number()? {
        0 => Some(None),
        more => Some(Some(u32::try_from(more - 1).ok()?)),
    };
    Some(Freshness {
        age: reader.number()?,
        lifetime: reader.number()?.try_into().ok()?,
        stale_while_revalidate: grant(reader)?,
        stale_if_error: grant(reader)?,
        source: match reader.byte()? {
            0 => Lifetime::Explicit,
            1 => Lifetime::Heuristic,
            2 => Lifetime::Default,
            3 => Lifetime::Unknown,
            _ => return None,
        },
        staleness: match reader.byte()? {
            0 => Staleness::Allowed,
            1 => Staleness::IfGranted,
            2 => Staleness::Forbidden,
            _ => return None,
        },
        no_cache: reader.flag()?,
        immutable: reader.flag()?,
    })
}

/// CRC-32 (RFC 1952, section 8), against what breaks by accident: whoever can write to the tier can write what it likes.
fn checksum(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
