use std::time::Duration;

use ::redis::{RedisWrite, ToRedisArgs, ToSingleRedisArg};
use bytes::{Buf, BufMut, Bytes};

/// A record with how long it is kept in front of it: what remains of that, told by the server, says how long it has been there.
///
/// The milliseconds stand there twice, the second time inverted, since a wrong age would keep a response for too long.
#[derive(Debug)]
pub(super) struct Framed<'a> {
    pub(super) keep: u64,
    pub(super) record: &'a [u8],
}

const FRAME: usize = 16;

impl ToRedisArgs for Framed<'_> {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        let mut out = out.bufmut_for_next_arg(FRAME + self.record.len());
        out.put_u64(self.keep);
        out.put_u64(!self.keep);
        out.put_slice(self.record);
    }
}

impl ToSingleRedisArg for Framed<'_> {}

/// A record, and for how long it has been kept, of which `left` milliseconds remain. `None` if that cannot be.
pub(super) fn unframed(mut value: Bytes, left: i64) -> Option<(Bytes, Duration)> {
    let keep = value.try_get_u64().ok()?;
    let inverted = value.try_get_u64().ok()?;
    // Less than nothing remains of what never expires, and more than there was if the server's clock was set back.
    let since = keep.checked_sub(u64::try_from(left).ok()?)?;
    (inverted == !keep).then_some((value, Duration::from_millis(since)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(keep: u64, record: &[u8]) -> Bytes {
        let mut arguments = Framed { keep, record }.to_redis_args();
        assert_eq!(arguments.len(), 1);
        arguments.remove(0).into()
    }

    #[test]
    fn what_remains_says_how_long_it_has_been_there() {
        let kept = |left| unframed(framed(60_000, b"record"), left);
        let since = |millis| Some((Bytes::from_static(b"record"), Duration::from_millis(millis)));
        assert_eq!(kept(60_000), since(0));
        assert_eq!(kept(59_999), since(1));
        assert_eq!(kept(0), since(60_000));
        assert_eq!(kept(60_001), None);
        assert_eq!(kept(-1), None);
    }

    #[test]
    fn a_frame_that_is_cut_short_or_altered_is_none() {
        let whole = framed(60_000, b"");
        for length in 0..whole.len() {
            assert_eq!(unframed(whole.slice(..length), 1), None);
        }
        for bit in 0..whole.len() * 8 {
            let mut altered = whole.to_vec();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(unframed(altered.into(), 1), None, "bit {bit}");
        }
    }
}
