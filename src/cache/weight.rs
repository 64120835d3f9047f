//! About how many bytes of memory something takes, with what an allocator adds.

use http::HeaderMap;

/// What an allocator adds to a block: its own note, and rounding.
const BLOCK: usize = 16;

/// A block of so many bytes.
pub(super) const fn block(bytes: usize) -> usize {
    if bytes == 0 { 0 } else { bytes + BLOCK }
}

/// What is shared by counting references beside what it takes itself: two counts.
pub(super) const fn counted(bytes: usize) -> usize {
    block(bytes + 2 * size_of::<usize>())
}

/// What a map of fields has beside its own struct.
pub(super) fn fields(map: &HeaderMap) -> usize {
    /// A place in the map for a name with its first value: the hash, the name, the value, the links to more values, and
    /// 4 / 3 of an index of 4 bytes.
    const PLACE: usize = 8 + 32 + 40 + 24 + 6;
    /// One of these more values: the value and two links.
    const MORE: usize = 40 + 32;
    /// What a text on the heap takes beside its characters. Some names and values are static and take none of that.
    const TEXT: usize = 48;

    let texts = map.iter().map(|(name, value)| name.as_str().len() + value.len() + TEXT);
    let more = map.len() - map.keys_len();
    block(map.capacity() * PLACE) + block(more * MORE) + texts.sum::<usize>()
}
