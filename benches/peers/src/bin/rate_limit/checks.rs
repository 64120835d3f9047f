//! Decisions without HTTP: `Limiter` beside `governor::RateLimiter`.

use std::{hint::black_box, time::Duration};

use governor::{
    DefaultKeyedRateLimiter, RateLimiter,
    clock::{Clock as _, DefaultClock},
};
use tower_weir::{
    clock::Clock,
    rate_limit::{Limiter, Table},
};
use tower_weir_peers::{Case, Figures, Group, Row, Section, keys, walk};

use crate::{
    keys::{FEW, MANY},
    quotas::{ROOMY, governor_roomy},
};

pub(crate) fn groups() -> Vec<Group> {
    let few = Group {
        name: "checks, warm",
        batch: Duration::from_micros(100),
        rounds: 4_000,
        cases: vec![
            Case::each("clock:ours", || {
                let clock = Clock::system();
                move || {
                    black_box(clock.now());
                }
            }),
            Case::each("clock:governor", || {
                let clock = DefaultClock::default();
                move || {
                    black_box(clock.now());
                }
            }),
            Case::each("direct:ours", || {
                let limiter = Limiter::new(ROOMY);
                move || assert!(black_box(&limiter).check(&()).is_ok())
            }),
            Case::each("direct:governor", || {
                let limiter = RateLimiter::direct(governor_roomy());
                move || assert!(black_box(&limiter).check().is_ok())
            }),
            ours("1k:ours", FEW, || Limiter::new(ROOMY)),
            governor("1k:governor", FEW),
        ],
    };
    let many = Group {
        name: "checks, a million keys",
        batch: Duration::from_millis(2),
        rounds: 1_000,
        cases: vec![
            ours("1M:ours", MANY, || Limiter::new(ROOMY).table(Table::with_capacity(MANY))),
            governor("1M:governor", MANY),
        ],
    };
    vec![few, many]
}

/// Beforehand each key is charged once: what is timed finds it.
fn ours(name: &'static str, count: usize, limiter: fn() -> Limiter) -> Case {
    Case::each(name, move || {
        let limiter = limiter();
        let mut keys = walk(&keys(count));
        let mut check = move || {
            let key = keys.next().expect("a walk is endless");
            assert!(black_box(&limiter).check(&key).is_ok());
        };
        (0..count).for_each(|_| check());
        check
    })
}

fn governor(name: &'static str, count: usize) -> Case {
    Case::each(name, move || {
        let limiter: DefaultKeyedRateLimiter<u64> = RateLimiter::keyed(governor_roomy());
        let mut keys = walk(&keys(count));
        let mut check = move || {
            let key = keys.next().expect("a walk is endless");
            assert!(black_box(&limiter).check_key(&key).is_ok());
        };
        (0..count).for_each(|_| check());
        check
    })
}

pub(crate) fn section(figures: &Figures) -> Section {
    let ns = |case: &str| figures.ns(case);
    let beside = |name, case: &str| {
        let [ours, peer] = ["ours", "governor"].map(|whose| ns(&format!("{case}:{whose}")));
        Row::new(name, "ns", ours).beside("governor", peer)
    };
    Section {
        name: "check",
        about: "a decision without HTTP, all allowed".to_owned(),
        rows: vec![
            beside("the clock alone", "clock"),
            beside("one limit for all", "direct"),
            beside("1 k random keys", "1k"),
            Row::new("1 k random keys, less the clock", "ns", ns("1k:ours") - ns("clock:ours"))
                .beside("governor", ns("1k:governor") - ns("clock:governor"))
                .at_most(25.0),
            beside("1 M random keys", "1M").ratio_at_most(0.5),
        ],
    }
}
