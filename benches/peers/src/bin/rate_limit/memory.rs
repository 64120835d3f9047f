//! Bytes a key, as the allocator counts them.

use governor::{DefaultKeyedRateLimiter, RateLimiter};
use tower_weir::rate_limit::{Limiter, Table};
use tower_weir_peers::{Row, Section, growth, keys};

use crate::{
    keys::MANY,
    quotas::{ROOMY, governor_roomy},
};

pub(crate) fn section() -> Section {
    let keys = keys(MANY);
    let ours = a_key(|| {
        let limiter = Limiter::new(ROOMY).table(Table::with_capacity(MANY));
        assert!(keys.iter().all(|key| limiter.check(key).is_ok()));
        limiter
    });
    let governor = a_key(|| {
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

fn a_key<T>(build: impl FnOnce() -> T) -> f64 {
    let (_alive, growth) = growth(build);
    growth.end as f64 / MANY as f64
}
