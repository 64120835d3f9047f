//! Two threads that check at the same time.

use std::{hint::black_box, time::Duration};

use governor::{DefaultKeyedRateLimiter, RateLimiter};
use tower_weir::rate_limit::Limiter;
use tower_weir_peers::{Case, Figures, Group, Row, Section, both, keys};

use crate::{
    keys::FEW,
    quotas::{ROOMY, governor_roomy},
};

pub(crate) fn group() -> Group {
    Group {
        name: "two threads",
        // Long against the time in which a thread wakes up.
        batch: Duration::from_millis(5),
        rounds: 300,
        cases: vec![
            ours("threads_1_key:ours", 1),
            governor("threads_1_key:governor", 1),
            ours("threads_1k_keys:ours", FEW),
            governor("threads_1k_keys:governor", FEW),
        ],
    }
}

fn ours(name: &'static str, count: usize) -> Case {
    Case::new(name, move || {
        let limiter = Limiter::new(ROOMY);
        let keys = keys(count);
        move |checks| check_both(&keys, checks, |key| black_box(&limiter).check(key).is_ok())
    })
}

fn governor(name: &'static str, count: usize) -> Case {
    Case::new(name, move || {
        let limiter: DefaultKeyedRateLimiter<u64> = RateLimiter::keyed(governor_roomy());
        let keys = keys(count);
        move |checks| check_both(&keys, checks, |key| black_box(&limiter).check_key(key).is_ok())
    })
}

/// One thread begins at the first key and one in the middle.
fn check_both(keys: &[u64], checks: u64, check: impl Fn(&u64) -> bool + Sync) -> Duration {
    both(checks, |which| {
        let mut keys = keys.iter().cycle().skip(which * keys.len() / 2);
        let check = &check;
        move || assert!(keys.next().is_some_and(check))
    })
}

pub(crate) fn section(figures: &Figures) -> Section {
    let row = |name, case: &str| {
        let [ours, peer] = ["ours", "governor"].map(|whose| figures.ns(&format!("{case}:{whose}")));
        Row::new(name, "ns", ours).beside("governor", peer)
    };
    Section {
        name: "two threads",
        about: "a check in each of two threads at once".to_owned(),
        rows: vec![row("one key", "threads_1_key"), row("1 k random keys", "threads_1k_keys")],
    }
}
