//! Bytes a key, as the allocator counts them.

use governor::{DefaultKeyedRateLimiter, RateLimiter};
use tower_weir::rate_limit::{Limiter, Table};
use tower_weir_peers::{Row, Section, live_bytes};

use crate::{
    keys::{MANY, keys},
    quotas::{ROOMY, governor_roomy},
};

pub(crate) fn section() -> Section {
    let keys = keys(MANY);
    let ours = growth(|| {
        let limiter = Limiter::new(ROOMY).table(Table::with_capacity(MANY));
        assert!(keys.iter().all(|key| limiter.check(key).is_ok()));
        limiter
    });
    let governor = growth(|| {
        let limiter: DefaultKeyedRateLimiter<u64> = RateLimiter::keyed(governor_roomy());
        assert!(keys.iter().all(|key| limiter.check_key(key).is_ok()));
        limiter
    });
    Section {
        name: "memory",
        about: "what 1 M keys of 64 bits take; ours in a table with that capacity, so half full"
            .to_owned(),
        rows: vec![Row::new("a key", "bytes", ours).beside("governor", governor).at_most(34.0)],
    }
}

fn growth<T>(build: impl FnOnce() -> T) -> f64 {
    let before = live_bytes();
    let _alive = build();
    (live_bytes() - before) as f64 / MANY as f64
}
