use bytes::Bytes;

/// A purge as it is published: the log's id, the sender, the number that the sender knows the purge by, and the number in the
/// log, each followed by a space, and the purge.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) log: u64,
    pub(super) sender: u64,
    pub(super) issue: u64,
    pub(super) number: u64,
    pub(super) purge: Bytes,
}

impl Message {
    /// `None` of what no process of ours has published.
    pub(super) fn read(mut bytes: Bytes) -> Option<Self> {
        let mut part = || {
            let space = bytes.iter().position(|byte| *byte == b' ')?;
            let part = bytes.split_to(space + 1);
            Some(part.slice(..space))
        };
        let (log, sender) = (from_hex(&part()?)?, from_hex(&part()?)?);
        let (issue, number) = (from_decimal(&part()?)?, from_decimal(&part()?)?);
        Some(Self { log, sender, issue, number, purge: bytes })
    }
}

/// The id of a log or of a process, as it is written in Redis.
pub(super) fn to_hex(id: u64) -> String {
    format!("{id:016x}")
}

/// `None` if it was not written by [`to_hex`].
pub(super) fn from_hex(text: &[u8]) -> Option<u64> {
    let text = str::from_utf8(text).ok().filter(|text| text.len() == 16)?;
    u64::from_str_radix(text, 16).ok()
}

fn from_decimal(text: &[u8]) -> Option<u64> {
    str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_who_purges_what() {
        let bytes = Bytes::from_static(b"00000000000000ff fedcba9876543210 7 12 tag a b\xff");
        let message = Message {
            log: 255,
            sender: 0xfedc_ba98_7654_3210,
            issue: 7,
            number: 12,
            purge: Bytes::from_static(b"tag a b\xff"),
        };
        assert_eq!(Message::read(bytes), Some(message));
    }

    #[test]
    fn what_is_cut_short_or_altered_is_no_message() {
        let whole = b"00000000000000ff fedcba9876543210 7 12 ";
        for length in 0..whole.len() {
            assert_eq!(Message::read(Bytes::from_static(&whole[..length])), None, "{length}");
        }
        assert!(Message::read(Bytes::from_static(whole)).is_some());
        for at in [0, 15, 17, 34, 36] {
            let mut altered = whole.to_vec();
            altered[at] = b'x';
            assert_eq!(Message::read(altered.into()), None, "{at}");
        }
    }

    #[test]
    fn ids_are_read_as_they_were_written() {
        for id in [0, 1, u64::MAX] {
            assert_eq!(from_hex(to_hex(id).as_bytes()), Some(id));
        }
    }
}
