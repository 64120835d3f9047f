//! The arithmetic of counting on from a reading of the clock: see `tsc.rs`.

/// Ticks for which an anchor serves: half a millisecond at 4 GHz, two at 1 GHz.
pub(super) const REACH: u64 = 1 << 21;

/// Counter and clock, read at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) ticks: u64,
    pub(super) nanos: u64,
}

/// From where a thread counts on. It is never told a time before one that it was told, so each anchor keeps the bounds of what
/// was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Anchor {
    pair: Pair,
    /// At least what the thread was told before this anchor.
    pub(super) floor: u64,
    /// At least what it is ever told by this anchor.
    pub(super) ceiling: u64,
}

impl Pair {
    /// Nanoseconds a tick between this and a later pair; `None` if no counter of a processor goes at that rate.
    pub(super) fn rate_until(self, later: Self) -> Option<u64> {
        let ticks = later.ticks.checked_sub(self.ticks)?;
        let nanos = u128::from(later.nanos.checked_sub(self.nanos)?);
        let rate = (nanos << 32).checked_div(u128::from(ticks))?;
        // 0.1 to 10 ns.
        let plausible = (1 << 32) / 10..=10 << 32;
        u64::try_from(rate).ok().filter(|rate| plausible.contains(rate))
    }
}

impl Anchor {
    /// None yet. Its ticks are those that a counter reaches last.
    pub(super) const NONE: Self =
        Self { pair: Pair { ticks: u64::MAX / 2, nanos: 0 }, floor: 0, ceiling: 0 };

    /// The time at `ticks`; `None` out of reach, also when the counter went backwards.
    #[inline]
    pub(super) fn read(self, ticks: u64, rate: u64) -> Option<u64> {
        let elapsed = ticks.wrapping_sub(self.pair.ticks);
        (elapsed < REACH).then(|| (self.pair.nanos + ((elapsed * rate) >> 32)).max(self.floor))
    }

    /// The time after so many ticks.
    fn foretold(self, elapsed: u64, rate: u64) -> u64 {
        let nanos = (u128::from(elapsed) * u128::from(rate)) >> 32;
        self.pair.nanos.saturating_add(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// At least what the thread has been told until `ticks`.
    pub(super) fn floor_at(self, ticks: u64, rate: u64) -> u64 {
        self.foretold(ticks.wrapping_sub(self.pair.ticks).min(REACH), rate).max(self.floor)
    }

    /// An anchor at `pair`; `None` if this one foretold another time for it.
    pub(super) fn renewed(self, pair: Pair, rate: u64) -> Option<Self> {
        let anchor = |floor: u64| {
            let anchor = Self { pair, floor, ceiling: 0 };
            Self { ceiling: anchor.foretold(REACH, rate).max(floor), ..anchor }
        };
        if self == Self::NONE {
            return Some(anchor(0));
        }
        let elapsed = pair.ticks.checked_sub(self.pair.ticks)?;
        // The clock may be slewed by 0.05 % against the counter (adjtimex).
        let tolerance = 2_000 + pair.nanos.saturating_sub(self.pair.nanos) / 1_000;
        let agrees = self.foretold(elapsed, rate).abs_diff(pair.nanos) <= tolerance;
        agrees.then(|| anchor(self.floor_at(pair.ticks, rate)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A third of a nanosecond a tick.
    const THIRD: u64 = (1 << 32) / 3;

    fn pair(ticks: u64, nanos: u64) -> Pair {
        Pair { ticks, nanos }
    }

    fn anchor(ticks: u64, nanos: u64, floor: u64) -> Anchor {
        Anchor { pair: pair(ticks, nanos), floor, ceiling: 0 }
    }

    #[test]
    fn counts_on_from_the_anchor_as_far_as_it_reaches() {
        let anchored = anchor(1_000, 500, 0);
        assert_eq!(anchored.read(1_000, 1 << 32), Some(500));
        assert_eq!(anchored.read(1_300, 1 << 32), Some(800));
        assert_eq!(anchored.read(1_300, 1 << 31), Some(650));
        assert_eq!(anchored.read(1_000 + REACH - 1, 1 << 32), Some(500 + REACH - 1));
        assert_eq!(anchored.read(1_000 + REACH, 1 << 32), None);
        assert_eq!(anchored.read(999, 1 << 32), None, "backwards");
        assert_eq!(anchor(1_000, 500, 700).read(1_100, 1 << 32), Some(700));
    }

    #[test]
    fn learns_only_a_plausible_rate() {
        assert_eq!(pair(0, 0).rate_until(pair(3_000_000, 1_000_000)), Some(THIRD));
        assert_eq!(pair(5, 0).rate_until(pair(5, 1_000_000)), None, "it stands still");
        assert_eq!(pair(5, 0).rate_until(pair(4, 1_000_000)), None, "it goes backwards");
        assert_eq!(pair(0, 0).rate_until(pair(1_000, 1_000_000)), None, "too slow");
        assert_eq!(pair(0, 0).rate_until(pair(1 << 40, 1_000_000)), None, "too fast");
    }

    #[test]
    fn a_counter_that_disagrees_is_given_up() {
        let anchored = anchor(1_000_000, 5_000_000_000, 0);
        let after = |ticks: u64, nanos: u64| pair(1_000_000 + ticks, 5_000_000_000 + nanos);
        let renewed = |pair| anchored.renewed(pair, THIRD).is_some();
        assert!(renewed(after(3_000_000_000, 1_000_000_000)));
        assert!(renewed(after(3_000_000_000, 1_000_500_000)), "slewed");
        assert!(!renewed(after(3_000_000_000, 1_002_000_000)), "it lost 2 ms in a second");
        assert!(!renewed(after(3_000_000_000, 998_000_000)), "it gained 2 ms in a second");
        assert!(!renewed(after(0, 1_000_000_000)), "it stood still");
        assert!(!renewed(pair(7, 6_000_000_000)), "it began anew");
    }
}
