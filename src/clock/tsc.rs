//! The processor's time stamp counter (TSC) as a cheaper way to read the monotonic clock.
//!
//! Reading the clock through the operating system takes longer than the rest of a rate limit's decision, mostly because it must
//! order the counter's reading against the kernel's data. Here each thread keeps an anchor, a pair of counter and clock
//! readings, and counts on from it; after `REACH` ticks it takes a new one.
//!
//! Counters have surprised others: those of several cores may disagree, stop or jump with the machine's sleep or its move to
//! another host. Hence:
//! - it is used only where Linux itself keeps time by it, having checked that the cores agree;
//! - an error lasts for `REACH` ticks at most, since then the clock is read again;
//! - each new anchor verifies the last one. If the clock disagrees, the process never uses the counter again.
#![expect(
    unsafe_code,
    reason = "`_rdtsc` is an unsafe function; it is only ever compiled where it exists"
)]

use std::{
    cell::Cell,
    sync::{
        OnceLock,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use super::{
    anchor::{Anchor, Pair},
    system,
};

/// How long the counter is watched before it is used, in nanoseconds. A pair is exact to some 50 ns, so the rate is to 1 ppm.
const WATCH: u64 = 50_000_000;

/// How often a pair may be missed before the counter is given up: it then costs more than it saves, as under an emulator.
const MOST_MISSES: u32 = 1_000;

static COUNTER: Counter<Machine> = Counter::new(Machine);

thread_local! {
    static ANCHOR: Cell<Anchor> = const { Cell::new(Anchor::NONE) };
}

/// Nanoseconds of the monotonic clock.
#[inline]
pub(super) fn now() -> u64 {
    ANCHOR.with(|anchor| COUNTER.now(anchor))
}

/// What is read: the machine, or a simulation of one.
trait Source {
    fn ticks(&self) -> u64;
    fn nanos(&self) -> u64;
    /// Whether the operating system keeps time by the counter.
    fn is_trusted(&self) -> bool;
}

struct Machine;

impl Source for Machine {
    #[inline]
    fn ticks(&self) -> u64 {
        // SAFETY: every x86-64 processor has the instruction, and it touches no memory.
        unsafe { core::arch::x86_64::_rdtsc() }
    }

    fn nanos(&self) -> u64 {
        system::monotonic()
    }

    fn is_trusted(&self) -> bool {
        let source = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
        std::fs::read_to_string(source).is_ok_and(|name| name.trim() == "tsc")
    }
}

/// What all threads know of the counter.
struct Counter<S> {
    source: S,
    /// Nanoseconds a tick, in units of 2⁻³², or one of the two below. Relaxed is enough: it is a number by itself.
    rate: AtomicU64,
    /// The first pair of the process, to learn the rate from; `None` where the counter is not to be used.
    first: OnceLock<Option<Pair>>,
    misses: AtomicU32,
}

const UNKNOWN: u64 = 0;
const DISTRUSTED: u64 = u64::MAX;

impl<S: Source> Counter<S> {
    const fn new(source: S) -> Self {
        Self {
            source,
            rate: AtomicU64::new(UNKNOWN),
            first: OnceLock::new(),
            misses: AtomicU32::new(0),
        }
    }

    #[inline]
    fn now(&self, anchor: &Cell<Anchor>) -> u64 {
        let rate = self.rate.load(Ordering::Relaxed);
        if rate != UNKNOWN
            && rate != DISTRUSTED
            && let Some(now) = anchor.get().read(self.source.ticks(), rate)
        {
            return now;
        }
        self.read_clock(anchor, rate)
    }

    #[cold]
    fn read_clock(&self, anchor: &Cell<Anchor>, rate: u64) -> u64 {
        match rate {
            DISTRUSTED => self.source.nanos().max(anchor.get().ceiling),
            UNKNOWN => self.learn(),
            rate => self.renew(anchor, rate),
        }
    }

    fn learn(&self) -> u64 {
        let first = self
            .first
            .get_or_init(|| if self.source.is_trusted() { take_pair(&self.source) } else { None });
        let Some(first) = first else {
            self.distrust();
            return self.source.nanos();
        };
        let nanos = self.source.nanos();
        if nanos.saturating_sub(first.nanos) >= WATCH
            && let Some(pair) = self.take()
        {
            match first.rate_until(pair) {
                // Unless another thread has learned it, or found that it cannot be trusted.
                Some(rate) => drop(self.rate.compare_exchange(
                    UNKNOWN,
                    rate,
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                )),
                None => self.distrust(),
            }
            return pair.nanos;
        }
        nanos
    }

    fn renew(&self, anchor: &Cell<Anchor>, rate: u64) -> u64 {
        let last = anchor.get();
        let Some(pair) = self.take() else {
            return self.source.nanos().max(last.floor_at(self.source.ticks(), rate));
        };
        match last.renewed(pair, rate) {
            Some(renewed) => {
                anchor.set(renewed);
                pair.nanos.max(renewed.floor)
            }
            None => {
                self.distrust();
                pair.nanos.max(last.ceiling)
            }
        }
    }

    fn take(&self) -> Option<Pair> {
        let pair = take_pair(&self.source);
        if pair.is_none() && self.misses.fetch_add(1, Ordering::Relaxed) >= MOST_MISSES {
            self.distrust();
        }
        pair
    }

    fn distrust(&self) {
        self.rate.store(DISTRUSTED, Ordering::Relaxed);
    }
}

/// Reads both, if that can be done without being interrupted in between.
fn take_pair(source: &impl Source) -> Option<Pair> {
    (0..3).find_map(|_| {
        let before = source.ticks();
        let nanos = source.nanos();
        let took = source.ticks().wrapping_sub(before);
        (took < 1 << 12).then(|| Pair { ticks: before.wrapping_add(took / 2), nanos })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::anchor::REACH, *};

    /// A third of a nanosecond a tick.
    const THIRD: u64 = (1 << 32) / 3;

    /// A machine whose time passes as a test says, and with each reading.
    struct Simulated {
        ticks: Cell<u64>,
        nanos: Cell<u64>,
        trusted: bool,
        /// What reading the clock takes, in ticks.
        effort: Cell<u64>,
    }

    impl Simulated {
        fn counter(trusted: bool) -> Counter<Self> {
            Counter::new(Self {
                ticks: Cell::new(1 << 40),
                nanos: Cell::new(1 << 40),
                trusted,
                effort: Cell::new(60),
            })
        }

        /// Three ticks a nanosecond.
        fn pass(&self, nanos: u64) {
            self.nanos.set(self.nanos.get() + nanos);
            self.ticks.set(self.ticks.get() + 3 * nanos);
        }
    }

    impl Source for Simulated {
        fn ticks(&self) -> u64 {
            self.ticks.get()
        }

        fn nanos(&self) -> u64 {
            self.pass(self.effort.get() / 3);
            self.nanos.get()
        }

        fn is_trusted(&self) -> bool {
            self.trusted
        }
    }

    /// Reads the clock until the rate is known.
    fn learned() -> (Counter<Simulated>, Cell<Anchor>) {
        let (counter, thread) = (Simulated::counter(true), Cell::new(Anchor::NONE));
        for _ in 0..10 {
            counter.now(&thread);
            counter.source.pass(WATCH / 4);
        }
        let rate = counter.rate.load(Ordering::Relaxed);
        assert!(rate.abs_diff(THIRD) < THIRD / 100_000, "{rate}");
        (counter, thread)
    }

    #[test]
    fn a_known_rate_spares_readings_of_the_clock() {
        let (counter, thread) = learned();
        counter.now(&thread);
        let before = counter.source.nanos.get();
        for _ in 0..1_000 {
            counter.now(&thread);
        }
        assert_eq!(
            counter.source.nanos.get(),
            before,
            "the simulated clock advances when it is read"
        );
    }

    #[test]
    fn a_counter_that_the_system_does_not_trust_is_never_read() {
        let (counter, thread) = (Simulated::counter(false), Cell::new(Anchor::NONE));
        counter.now(&thread);
        assert_eq!(counter.rate.load(Ordering::Relaxed), DISTRUSTED);
        assert_eq!(counter.now(&thread), counter.source.nanos.get());
    }

    #[test]
    fn a_clock_that_is_slow_to_read_is_not_paired_for_long() {
        let (counter, thread) = learned();
        counter.source.effort.set(1 << 14);
        for _ in 0..=MOST_MISSES {
            counter.source.pass(1_000_000);
            counter.now(&thread);
        }
        assert_eq!(counter.rate.load(Ordering::Relaxed), DISTRUSTED);
    }

    #[test]
    fn distrust_is_final() {
        let (counter, thread) = learned();
        counter.now(&thread);
        counter.source.ticks.set(0);
        counter.now(&thread);
        assert_eq!(counter.rate.load(Ordering::Relaxed), DISTRUSTED);
        // A thread that had read the rate before.
        counter.read_clock(&Cell::new(Anchor::NONE), UNKNOWN);
        assert_eq!(counter.rate.load(Ordering::Relaxed), DISTRUSTED);
    }

    proptest! {
        /// Whatever the counter does, no thread's time ever falls, and it stays within an anchor's reach of the clock.
        #[test]
        fn time_never_falls(
            steps in prop::collection::vec((0usize..2, 0u64..3_000_000, 0u8..100), 1..400),
        ) {
            let (counter, first) = learned();
            let threads = [first, Cell::new(Anchor::NONE)];
            let mut last = [0; 2];
            for (thread, pause, fault) in steps {
                counter.source.pass(pause);
                match fault {
                    0 => counter.source.ticks.set(0),
                    1 => counter.source.ticks.set(counter.source.ticks.get() + (1 << 45)),
                    // Another core's counter, a little off.
                    2 => counter.source.ticks.set(counter.source.ticks.get() - 1_500),
                    3 => counter.source.ticks.set(counter.source.ticks.get() + 1_500),
                    4 => counter.source.effort.set(1 << 14),
                    5 => counter.source.effort.set(60),
                    _ => {}
                }
                let now = counter.now(&threads[thread]);
                prop_assert!(now >= last[thread]);
                prop_assert!(now.abs_diff(counter.source.nanos.get()) < REACH / 3 + 20_000);
                last[thread] = now;
            }
        }
    }
}
