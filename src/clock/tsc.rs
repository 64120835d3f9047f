//! The processor's time stamp counter (TSC) as a cheaper way to read the monotonic clock.
//!
//! Reading the clock through the operating system takes longer than the rest of a rate limit's decision, mostly because it must
//! order the counter's reading against the kernel's data. Here each thread keeps an anchor, a pair of counter and clock
//! readings, and counts on from it; after [`REACH`] ticks it takes a new one.
//!
//! Counters have surprised others: those of several cores may disagree, stop or jump with the machine's sleep or its move to
//! another host. Hence:
//! - it is used only where Linux itself keeps time by it, having checked that the cores agree;
//! - an error lasts for [`REACH`] ticks at most, since then the clock is read again;
//! - each new anchor verifies the last one. If the clock disagrees, the process never uses the counter again.
#![expect(
    unsafe_code,
    reason = "`_rdtsc` is an unsafe function; it is only ever compiled where it exists"
)]

use std::{
    cell::Cell,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use super::system;

/// Ticks for which an anchor serves: half a millisecond at 4 GHz, two at 1 GHz.
const REACH: u64 = 1 << 21;

/// How long the counter is watched before it is used, in nanoseconds. A pair is exact to some 50 ns, so the rate is to 1 ppm.
const WATCH: u64 = 50_000_000;

/// Nanoseconds a tick, in units of 2⁻³². Relaxed is enough: it is a number by itself.
static RATE: AtomicU64 = AtomicU64::new(UNKNOWN);
const UNKNOWN: u64 = 0;
const DISTRUSTED: u64 = u64::MAX;

/// The first pair of the process, to learn the rate from; `None` where the counter is not to be used.
static FIRST: OnceLock<Option<Pair>> = OnceLock::new();

thread_local! {
    static ANCHOR: Cell<Anchor> = const { Cell::new(Anchor::NONE) };
}

/// Counter and clock, read at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pair {
    ticks: u64,
    nanos: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Anchor {
    pair: Pair,
    /// At least what the thread was told last, so that it is never told less.
    floor: u64,
}

/// Nanoseconds of the monotonic clock.
#[inline]
pub(super) fn now() -> u64 {
    let rate = RATE.load(Ordering::Relaxed);
    if rate != UNKNOWN
        && rate != DISTRUSTED
        && let Some(now) = ANCHOR.get().read(ticks(), rate)
    {
        return now;
    }
    read_clock(rate)
}

#[inline]
fn ticks() -> u64 {
    // SAFETY: every x86-64 processor has the instruction, and it touches no memory.
    unsafe { core::arch::x86_64::_rdtsc() }
}

#[cold]
fn read_clock(rate: u64) -> u64 {
    if rate == DISTRUSTED {
        return system::monotonic();
    }
    let Some(pair) = Pair::take() else { return system::monotonic() };
    if rate == UNKNOWN {
        match FIRST.get_or_init(|| is_kernels_own().then_some(pair)) {
            None => RATE.store(DISTRUSTED, Ordering::Relaxed),
            Some(first) if pair.nanos.saturating_sub(first.nanos) >= WATCH => {
                let rate = first.rate_until(pair).unwrap_or(DISTRUSTED);
                RATE.store(rate, Ordering::Relaxed);
            }
            Some(_) => {}
        }
        return pair.nanos;
    }
    match ANCHOR.get().renewed(pair, rate) {
        Some(anchor) => {
            ANCHOR.set(anchor);
            pair.nanos.max(anchor.floor)
        }
        None => {
            RATE.store(DISTRUSTED, Ordering::Relaxed);
            pair.nanos
        }
    }
}

/// Whether Linux keeps time by the counter.
fn is_kernels_own() -> bool {
    let source = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    std::fs::read_to_string(source).is_ok_and(|name| name.trim() == "tsc")
}

impl Pair {
    /// Reads both, if that can be done without being interrupted in between.
    fn take() -> Option<Self> {
        (0..3).find_map(|_| {
            let before = ticks();
            let nanos = system::monotonic();
            let took = ticks().wrapping_sub(before);
            (took < 1 << 12).then(|| Self { ticks: before.wrapping_add(took / 2), nanos })
        })
    }

    /// Nanoseconds a tick between this and a later pair; `None` if no counter of a processor goes at that rate.
    fn rate_until(self, later: Self) -> Option<u64> {
        let ticks = later.ticks.checked_sub(self.ticks)?;
        let nanos = u128::from(later.nanos.checked_sub(self.nanos)?);
        let rate = (nanos << 32).checked_div(u128::from(ticks))?;
        // 0.1 to 10 ns.
        let plausible = (1 << 32) / 10..=10 << 32;
        u64::try_from(rate).ok().filter(|rate| plausible.contains(rate))
    }
}

impl Anchor {
    const NONE: Self = Self { pair: Pair { ticks: 0, nanos: 0 }, floor: 0 };

    /// The time at `ticks`; `None` out of reach, also when the counter went backwards.
    #[inline]
    fn read(self, ticks: u64, rate: u64) -> Option<u64> {
        let elapsed = ticks.wrapping_sub(self.pair.ticks);
        (elapsed < REACH).then(|| (self.pair.nanos + ((elapsed * rate) >> 32)).max(self.floor))
    }

    /// An anchor at `pair`; `None` if this one foretold another time for it.
    fn renewed(self, pair: Pair, rate: u64) -> Option<Self> {
        if self == Self::NONE {
            return Some(Self { pair, floor: 0 });
        }
        let elapsed = pair.ticks.checked_sub(self.pair.ticks)?;
        let foretold = |ticks: u64| {
            let nanos = (u128::from(ticks) * u128::from(rate)) >> 32;
            self.pair.nanos.saturating_add(u64::try_from(nanos).unwrap_or(u64::MAX))
        };
        // The clock may be slewed by 0.05 % against the counter (adjtimex).
        let tolerance = 2_000 + pair.nanos.saturating_sub(self.pair.nanos) / 1_000;
        let floor = foretold(elapsed.min(REACH)).max(self.floor);
        (foretold(elapsed).abs_diff(pair.nanos) <= tolerance).then_some(Self { pair, floor })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A third of a nanosecond a tick.
    const THIRD: u64 = (1 << 32) / 3;

    fn pair(ticks: u64, nanos: u64) -> Pair {
        Pair { ticks, nanos }
    }

    #[test]
    fn counts_on_from_the_anchor_as_far_as_it_reaches() {
        let anchor = Anchor { pair: pair(1_000, 500), floor: 0 };
        assert_eq!(anchor.read(1_000, 1 << 32), Some(500));
        assert_eq!(anchor.read(1_300, 1 << 32), Some(800));
        assert_eq!(anchor.read(1_300, 1 << 31), Some(650));
        assert_eq!(anchor.read(1_000 + REACH - 1, 1 << 32), Some(500 + REACH - 1));
        assert_eq!(anchor.read(1_000 + REACH, 1 << 32), None);
        assert_eq!(anchor.read(999, 1 << 32), None, "backwards");
        assert_eq!(Anchor { floor: 700, ..anchor }.read(1_100, 1 << 32), Some(700));
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
        let anchor = Anchor { pair: pair(1_000_000, 5_000_000_000), floor: 0 };
        let after = |ticks: u64, nanos: u64| pair(1_000_000 + ticks, 5_000_000_000 + nanos);
        let renewed = |pair| anchor.renewed(pair, THIRD).is_some();
        assert!(renewed(after(3_000_000_000, 1_000_000_000)));
        assert!(renewed(after(3_000_000_000, 1_000_500_000)), "slewed");
        assert!(!renewed(after(3_000_000_000, 1_002_000_000)), "it lost 2 ms in a second");
        assert!(!renewed(after(3_000_000_000, 998_000_000)), "it gained 2 ms in a second");
        assert!(!renewed(after(0, 1_000_000_000)), "it stood still");
        assert!(!renewed(pair(7, 6_000_000_000)), "it began anew");
    }

    proptest! {
        /// Whatever the clock does against the counter, as long as it is believed, a thread's time never falls.
        #[test]
        fn time_never_falls(steps in prop::collection::vec((1u64..10_000_000, -900i64..900), 1..200)) {
            let (mut ticks, mut nanos, mut last) = (1_000_000_000u64, 1_000_000_000u64, 0);
            let mut anchor = Anchor::NONE;
            for (step, millionths) in steps {
                ticks += step;
                let ideal = step as i64 / 3;
                nanos = nanos.saturating_add_signed(ideal + ideal * millionths / 1_000_000);
                let now = anchor.read(ticks, THIRD).unwrap_or_else(|| {
                    anchor = anchor.renewed(pair(ticks, nanos), THIRD).expect("it is within the tolerance");
                    nanos.max(anchor.floor)
                });
                prop_assert!(now >= last);
                prop_assert!(now.abs_diff(nanos) < 5_000, "{now} for {nanos}");
                last = now;
            }
        }
    }
}
