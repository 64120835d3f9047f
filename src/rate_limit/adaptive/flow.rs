//! Which requests are under way, as far as a controller must know.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering::Relaxed};

/// Requests in generations. When one ends, those of the one before that are still under way are late.
///
/// Generation and count share one atomic, so that a request is never counted in one generation and believed to be of
/// another. While a generation ends, requests may be moved from one count to the next a moment before they are taken out of
/// the first: then one is below zero for that moment, and their sum right.
pub(super) struct Flow {
    /// Of the present generation: its number above, and how many have begun below.
    begun: AtomicU64,
    /// The same of those that are done.
    done: AtomicU64,
    /// How many of the generations before it are under way and not known to be late.
    old: AtomicI64,
    /// How many are under way that were found to be late.
    late: AtomicI64,
    /// Requests of generations before this one were found to be late.
    first_in_time: AtomicU32,
    /// Requests of generations before this one do not count any more.
    first: AtomicU32,
}

/// The generation that a request began in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rate_limit) struct Generation(u32);

/// What the end of a request means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Its outcome is news.
    InTime,
    /// It was found to be late before.
    Late,
    /// It began before what counts.
    Forgotten,
}

const COUNT: u64 = u32::MAX as u64;

fn generation(packed: u64) -> u32 {
    (packed >> 32) as u32
}

impl Flow {
    pub(super) fn new() -> Self {
        Self {
            begun: AtomicU64::new(0),
            done: AtomicU64::new(0),
            old: AtomicI64::new(0),
            late: AtomicI64::new(0),
            first_in_time: AtomicU32::new(0),
            first: AtomicU32::new(0),
        }
    }

    pub(super) fn begin(&self) -> Generation {
        // Four thousand million requests in a generation would run into its number; one lasts for seconds.
        Generation(generation(self.begun.fetch_add(1, Relaxed)))
    }

    pub(super) fn end(&self, Generation(of): Generation) -> End {
        if is_before(of, &self.first) {
            return End::Forgotten;
        }
        let present = self
            .done
            .fetch_update(Relaxed, Relaxed, |done| (generation(done) == of).then_some(done + 1));
        if present.is_err() && is_before(of, &self.first_in_time) {
            self.late.fetch_sub(1, Relaxed);
            return End::Late;
        }
        if present.is_err() {
            self.old.fetch_sub(1, Relaxed);
        }
        End::InTime
    }

    /// How many that count are under way.
    pub(super) fn under_way(&self) -> u64 {
        let count = |packed: u64| (packed & COUNT) as i64;
        let present = count(self.begun.load(Relaxed)) - count(self.done.load(Relaxed));
        (present + self.old.load(Relaxed) + self.late.load(Relaxed)).max(0) as u64
    }

    /// Begins a generation.
    ///
    /// Only one thread at a time does this or what follows.
    pub(super) fn age(&self) {
        self.next();
    }

    /// Begins a generation: how many from before the present one turn out to be late.
    pub(super) fn age_late(&self) -> u64 {
        let late = self.old.swap(0, Relaxed);
        self.late.fetch_add(late, Relaxed);
        self.first_in_time.store(generation(self.begun.load(Relaxed)), Relaxed);
        self.next();
        late.max(0) as u64
    }

    /// Begins a generation, and forgets those that are under way.
    pub(super) fn forget(&self) {
        let next = self.next();
        self.first.store(next, Relaxed);
        self.first_in_time.store(next, Relaxed);
        self.old.store(0, Relaxed);
        self.late.store(0, Relaxed);
    }

    fn next(&self) -> u32 {
        let next = generation(self.begun.load(Relaxed)).wrapping_add(1);
        let begun = self.begun.swap(u64::from(next) << 32, Relaxed);
        let done = self.done.swap(u64::from(next) << 32, Relaxed);
        self.old.fetch_add((begun & COUNT) as i64 - (done & COUNT) as i64, Relaxed);
        next
    }
}

/// Whether a generation is before another, on the circle of their numbers.
fn is_before(of: u32, first: &AtomicU32) -> bool {
    of.wrapping_sub(first.load(Relaxed)) > u32::MAX / 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn requests_grow_old_late_and_are_forgotten() {
        let flow = Flow::new();
        let (a, b) = (flow.begin(), flow.begin());
        assert_eq!((flow.end(a), flow.under_way()), (End::InTime, 1));
        assert_eq!(flow.age_late(), 0);
        let (c, d) = (flow.begin(), flow.begin());
        assert_eq!(flow.age_late(), 1, "b was there for a whole generation");
        assert_eq!((flow.end(b), flow.end(c)), (End::Late, End::InTime));
        let e = flow.begin();
        flow.age();
        assert_eq!(flow.under_way(), 2);
        assert_eq!(flow.age_late(), 2);
        flow.forget();
        assert_eq!(flow.under_way(), 0);
        let f = flow.begin();
        assert_eq!((flow.end(d), flow.end(e)), (End::Forgotten, End::Forgotten));
        assert_eq!((flow.under_way(), flow.end(f)), (1, End::InTime));
    }

    proptest! {
        /// As many are under way as have begun and not ended since the last time that all were forgotten, and each that lasts
        /// for a whole generation is late once.
        #[test]
        fn counts_are_exact(steps in prop::collection::vec(0u8..9, 1..300)) {
            let flow = Flow::new();
            // Late, old, present; and those that do not count.
            let mut live: [Vec<Generation>; 3] = Default::default();
            let mut forgotten = Vec::new();
            for step in steps {
                match step {
                    0..3 => live[2].push(flow.begin()),
                    3..6 => {
                        let (of, end) = [(0, End::Late), (1, End::InTime), (2, End::InTime)][usize::from(step) - 3];
                        if !live[of].is_empty() {
                            prop_assert_eq!(flow.end(live[of].remove(0)), end);
                        }
                    }
                    6 if !forgotten.is_empty() => {
                        prop_assert_eq!(flow.end(forgotten.remove(0)), End::Forgotten);
                    }
                    7 => {
                        prop_assert_eq!(flow.age_late(), live[1].len() as u64);
                        let [late, old, present] = &mut live;
                        late.append(old);
                        old.append(present);
                    }
                    8 => {
                        flow.forget();
                        live.iter_mut().for_each(|requests| forgotten.append(requests));
                    }
                    _ => {}
                }
                let expected: usize = live.iter().map(Vec::len).sum();
                prop_assert_eq!(flow.under_way(), expected as u64);
            }
        }
    }
}
