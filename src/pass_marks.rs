use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::clock::Timestamp;

/// Remembers for a while whose responses turned out not to be storable, so that requests for them need not wait for each other.
///
/// A table of a fixed size in which a mark may be overwritten by another: then requests queue once more, and it is made anew.
pub(crate) struct PassMarks(Box<[AtomicU64]>);

/// 64 KiB.
const SLOTS: usize = 1 << 13;
/// A mark is some bits of the key, and the second in which it ends.
const SECOND_BITS: u32 = 24;
const SECONDS: u64 = (1 << SECOND_BITS) - 1;

impl PassMarks {
    pub(crate) fn new() -> Self {
        Self((0..SLOTS).map(|_| AtomicU64::new(0)).collect())
    }

    #[inline]
    pub(crate) fn is_set(&self, key: u128, now: Timestamp) -> bool {
        let mark = self.slot(key).load(Ordering::Relaxed);
        // Seconds wrap after half a year: a mark then lasts for as long again at most.
        let left = (mark & SECONDS).wrapping_sub(seconds(now)) & SECONDS;
        mark & !SECONDS == bits(key) && left > 0 && left <= SECONDS / 2
    }

    pub(crate) fn set(&self, key: u128, now: Timestamp, lasts: Duration) {
        if lasts.is_zero() {
            return;
        }
        let lasts = lasts.as_secs().clamp(1, SECONDS / 2);
        let until = (seconds(now) + lasts) & SECONDS;
        self.slot(key).store(bits(key) | until, Ordering::Relaxed);
    }

    /// It was storable after all.
    pub(crate) fn clear(&self, key: u128) {
        let slot = self.slot(key);
        if slot.load(Ordering::Relaxed) & !SECONDS == bits(key) {
            slot.store(0, Ordering::Relaxed);
        }
    }

    fn slot(&self, key: u128) -> &AtomicU64 {
        &self.0[key as usize % SLOTS]
    }
}

/// Of the half of the key that does not choose the slot; never none, as an empty slot has.
fn bits(key: u128) -> u64 {
    ((key >> 64) as u64 | 1 << 63) & !SECONDS
}

fn seconds(now: Timestamp) -> u64 {
    now.as_nanos() / 1_000_000_000
}

impl fmt::Debug for PassMarks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PassMarks").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn a_mark_lasts_as_long_as_it_was_set_for() {
        let marks = PassMarks::new();
        let key = 0x1234_5678_9abc_def0_1122_3344_5566_7788;
        assert!(!marks.is_set(key, at(5)));
        marks.set(key, at(5), Duration::from_secs(10));
        assert!(marks.is_set(key, at(5)) && marks.is_set(key, at(14)));
        assert!(!marks.is_set(key, at(15)) && !marks.is_set(key ^ (1 << 127 >> 4), at(5)));
        marks.set(key, at(5), Duration::from_secs(10));
        marks.clear(key);
        assert!(!marks.is_set(key, at(5)));
    }

    #[test]
    fn a_mark_for_no_time_is_none() {
        let marks = PassMarks::new();
        marks.set(7, at(5), Duration::ZERO);
        assert!(!marks.is_set(7, at(5)));
        marks.set(7, at(5), Duration::from_millis(1));
        assert!(marks.is_set(7, at(5)), "any other is for a second at least");
    }

    #[test]
    fn a_mark_lasts_across_the_wrap_of_its_seconds() {
        let marks = PassMarks::new();
        marks.set(7, at(SECONDS - 2), Duration::from_secs(10));
        assert!(marks.is_set(7, at(SECONDS - 1)) && marks.is_set(7, at(SECONDS + 5)));
        assert!(!marks.is_set(7, at(SECONDS + 9)));
    }
}
