//! A flood by the machine's clock: memory, and the time of each check.

use std::{
    num::NonZeroU32,
    time::{Duration, Instant},
};

use governor::{DefaultKeyedRateLimiter, RateLimiter};
use tower_weir::rate_limit::{Limiter, Quota, Table};
use tower_weir_peers::{Growth, Progress, Row, Section, growth};

use crate::{
    histogram::Histogram,
    tables::TABLES,
    traffic::{Traffic, Visit},
};

const BURST: u32 = 10;

/// Slow enough that nothing comes back to anybody while the flood lasts.
const QUOTA: Quota = Quota::per_hour(BURST);

/// How many checks each makes before it is the next one's turn: few against what disturbs, many against what a turn costs in
/// caches that are cold again.
const TURN: u64 = 100_000;

/// About what a check takes. What runs longer is disturbed more often, so it is beside a pause of the same length that a
/// check's rarest times say something of the check.
const PAUSE: Duration = Duration::from_nanos(200);

struct Contestant {
    check: Box<dyn Fn(&u64) -> bool>,
    visits: Box<dyn Iterator<Item = Visit>>,
    times: Histogram,
    /// In bytes, with the abusers but before the flood.
    before: i64,
    /// What the flood added to that.
    flood: Growth,
}

impl Contestant {
    fn new<C>(traffic: &Traffic, build: impl FnOnce() -> C) -> Self
    where
        C: Fn(&u64) -> bool + 'static,
    {
        let (check, before) = growth(|| {
            let check = build();
            for key in traffic.abusers() {
                (0..BURST).for_each(|_| assert!(check(&key), "a burst passes"));
            }
            check
        });
        Self {
            check: Box::new(check),
            visits: Box::new(traffic.visits()),
            times: Histogram::new(),
            before: before.end,
            flood: Growth { end: 0, peak: 0 },
        }
    }

    fn turn(&mut self) {
        let Self { check, visits, times, .. } = self;
        let ((), turn) = growth(|| {
            for visit in visits.take(TURN as usize) {
                let start = Instant::now();
                let passes = check(&visit.key);
                times.record(start.elapsed());
                assert!(passes || visit.is_abuser, "a newcomer passes");
            }
        });
        self.flood.peak = self.flood.peak.max(self.flood.end + turn.peak);
        self.flood.end += turn.end;
    }
}

pub(crate) fn sections(newcomers: u64) -> Vec<Section> {
    let traffic = Traffic { newcomers, abusers: 1_000, one_in: 100 };
    let mut clock = Contestant::new(&traffic, || |_: &u64| true);
    let mut pause = Contestant::new(&traffic, || {
        |_: &u64| {
            let start = Instant::now();
            while start.elapsed() < PAUSE {}
            true
        }
    });
    let mut governor = Contestant::new(&traffic, || {
        let burst = NonZeroU32::new(BURST).expect("it is not zero");
        let limiter: DefaultKeyedRateLimiter<u64> =
            RateLimiter::keyed(governor::Quota::per_hour(burst));
        move |key| limiter.check_key(key).is_ok()
    });
    let mut ours = TABLES.map(|(_, keys)| {
        Contestant::new(&traffic, || {
            let limiter = Limiter::new(QUOTA).table(Table::with_capacity(keys));
            move |key| limiter.check(key).is_ok()
        })
    });

    let start = Instant::now();
    let mut progress = Progress::new("a flood by the machine's clock", traffic.len());
    for done in (0..traffic.len()).step_by(TURN as usize) {
        progress.reached(done);
        clock.turn();
        pause.turn();
        governor.turn();
        ours.iter_mut().for_each(Contestant::turn);
    }
    assert!(start.elapsed() < QUOTA.interval(), "so slow a machine measures something else");

    vec![memory(&traffic, &ours, &governor), latency([&clock, &pause], &ours, &governor)]
}

fn memory(traffic: &Traffic, ours: &[Contestant], governor: &Contestant) -> Section {
    let mut rows = Vec::new();
    for ((table, _), ours) in TABLES.iter().zip(ours) {
        let row = |what, bytes: fn(&Contestant) -> i64| {
            let [ours, governor] = [ours, governor].map(|of| bytes(of) as f64 / f64::from(1 << 20));
            Row::new(format!("{table}, {what}"), "MiB", ours).beside("governor", governor)
        };
        rows.extend([
            row("before", |of| of.before),
            row("after", |of| of.before + of.flood.end),
            row("at its peak", |of| of.before + of.flood.peak),
            row("growth", |of| of.flood.peak).at_most(0.0).promised(),
        ]);
    }
    Section {
        name: "memory",
        about: format!(
            "what is allocated before, during and after {} new keys, one check in {} by {} abusers",
            traffic.newcomers, traffic.one_in, traffic.abusers
        ),
        rows,
    }
}

fn latency(
    [clock, pause]: [&Contestant; 2],
    ours: &[Contestant],
    governor: &Contestant,
) -> Section {
    let quantiles = |name: &str, ours: &Contestant, peer: Option<&Contestant>| {
        let row = |what, unit, figure: &dyn Fn(&Histogram) -> f64| {
            let row = Row::new(format!("{name}, {what}"), unit, figure(&ours.times));
            match peer {
                Some(peer) => row.beside("governor", figure(&peer.times)),
                None => row,
            }
        };
        let micros = |nanos: f64| nanos / 1e3;
        [
            row("p50", "ns", &|times| times.quantile(0.5)),
            row("p99", "ns", &|times| times.quantile(0.99)),
            row("p99.99", "µs", &|times| micros(times.quantile(0.9999))),
            row("worst", "µs", &|times| micros(times.worst())),
        ]
    };
    let mut rows = Vec::from(quantiles("the clock alone", clock, None));
    rows.extend(quantiles("nothing for 200 ns", pause, None));
    for ((table, _), ours) in TABLES.iter().zip(ours) {
        let [p50, p99, p9999, worst] = quantiles(table, ours, Some(governor));
        rows.extend([p50, p99, p9999.at_most(50.0), worst]);
    }
    Section {
        name: "latency",
        about:
            "each check of that flood by itself, the clock's two readings included; the worst are \
                often the machine's, which gave the core to others: see those of doing nothing"
                .to_owned(),
        rows,
    }
}
