//! A flood by a clock that moves evenly from check to check, so that for each check it is known what it must come to.

use std::{num::NonZeroU32, time::Duration};

use governor::{RateLimiter, clock::FakeRelativeClock};
use tower_weir::{
    clock::Clock,
    key::KeySeed,
    rate_limit::{Limiter, Quota, Table, TableStats},
};
use tower_weir_peers::Progress;

use crate::{exact::Exact, tables::TABLES, traffic::Traffic};

pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) traffic: Traffic,
    /// The time from check to check.
    pub(crate) step: Duration,
    /// What the abusers are held to. Before the flood they use up their bursts.
    pub(crate) abusers: Quota,
    /// What the newcomers are held to. If it is the same quota, it is the same limit.
    pub(crate) newcomers: Quota,
    /// What a newcomer's only request costs.
    pub(crate) cost: NonZeroU32,
}

/// What became of it.
pub(crate) struct Outcome {
    /// How many checks of abusers had to be denied.
    pub(crate) due: u64,
    /// How many of them were, with each of [`TABLES`].
    pub(crate) ours: [u64; TABLES.len()],
    pub(crate) governor: u64,
    pub(crate) stats: [TableStats; TABLES.len()],
    /// All that an exact limit would have charged.
    pub(crate) charged: Duration,
}

/// One limiter for the two kinds of keys, or two in one table.
struct Store {
    abuser: Box<dyn Fn(&u64) -> bool>,
    newcomer: Box<dyn Fn(&u64) -> bool>,
    /// Checks of abusers that had to be denied, and were.
    denied: u64,
}

impl Scenario {
    pub(crate) fn play(&self) -> Outcome {
        let ((clock, hand), peers_hand) = (Clock::manual(), FakeRelativeClock::default());
        let tables = TABLES.map(|(_, keys)| Table::seeded(keys, KeySeed::fixed([1, 2])));
        let mut ours = tables.each_ref().map(|table| self.ours(table, &clock));
        let mut governor = self.governor(&peers_hand);
        let mut exact = Exact::new(self.abusers);

        let burst = self.abusers.burst_size();
        for key in self.traffic.abusers().flat_map(|key| (0..burst).map(move |_| key)) {
            let passes = |store: &Store| (store.abuser)(&key);
            assert!(exact.check(key, 0) && passes(&governor) && ours.iter().all(passes));
        }

        let (mut now, mut due) = (Duration::ZERO, 0);
        let mut passed = self.traffic.abusers * u64::from(burst);
        let mut progress = Progress::new(self.name, self.traffic.len());
        for (done, visit) in (0..).zip(self.traffic.visits()) {
            progress.reached(done);
            now += self.step;
            hand.advance(self.step);
            peers_hand.advance(self.step);
            let mut stores = ours.iter_mut().chain([&mut governor]);
            if !visit.is_abuser {
                assert!(stores.all(|store| (store.newcomer)(&visit.key)), "a newcomer passes");
            } else if exact.check(visit.key, now.as_nanos()) {
                stores.for_each(|store| _ = (store.abuser)(&visit.key));
                passed += 1;
            } else {
                stores.for_each(|store| store.denied += u64::from(!(store.abuser)(&visit.key)));
                due += 1;
            }
        }

        let newcomers = self.traffic.newcomers * u64::from(self.cost.get());
        Outcome {
            due,
            ours: ours.map(|store| store.denied),
            governor: governor.denied,
            stats: tables.map(|table| table.stats()),
            charged: times(self.abusers.interval(), passed)
                + times(self.newcomers.interval(), newcomers),
        }
    }

    fn ours(&self, table: &Table, clock: &Clock) -> Store {
        let limiter = |quota| Limiter::new(quota).table(table.clone()).clock(clock.clone());
        let (abusers, newcomers) = (limiter(self.abusers), limiter(self.newcomers));
        let cost = self.cost.get();
        Store {
            abuser: Box::new(move |key| abusers.check(key).is_ok()),
            newcomer: Box::new(move |key| newcomers.check_n(key, cost).is_ok()),
            denied: 0,
        }
    }

    fn governor(&self, clock: &FakeRelativeClock) -> Store {
        let limiter = |quota: Quota| {
            let burst = NonZeroU32::new(quota.burst_size()).expect("a burst is not zero");
            let quota = governor::Quota::with_period(quota.interval());
            let quota = quota.expect("an interval is not zero").allow_burst(burst);
            RateLimiter::<u64, _, _, _>::dashmap_with_clock(quota, clock.clone())
        };
        let (abusers, newcomers) = (limiter(self.abusers), limiter(self.newcomers));
        let cost = self.cost;
        Store {
            abuser: Box::new(move |key| abusers.check_key(key).is_ok()),
            newcomer: Box::new(move |key| matches!(newcomers.check_key_n(key, cost), Ok(Ok(())))),
            denied: 0,
        }
    }
}

/// `Duration` multiplies by 32 bits only.
fn times(interval: Duration, count: u64) -> Duration {
    Duration::from_secs_f64(interval.as_secs_f64() * count as f64)
}
