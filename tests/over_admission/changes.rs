//! While quotas change.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use tower_weir::{
    clock::Clock,
    head::Head,
    rate_limit::{Quota, RateLimitLayer, Rule},
    route::RouteTable,
};

use crate::{passing, service, status};

const SLOW: Quota = Quota::every(Duration::from_secs(10)).burst(10);
const FAST: Quota = Quota::every(Duration::from_secs(1)).burst(10);

fn by_name(layer: RateLimitLayer) -> RateLimitLayer {
    let name = |head: &Head<'_>| head.headers.get("x-name").map(|name| name.as_bytes().to_owned());
    layer.key(move |head: &Head<'_>| name(head).unwrap_or_default()).clock(Clock::manual().0)
}

/// Two threads send as fast as they can while the quota goes to and fro; how many requests pass.
fn passing_while_it_changes(layer: &RateLimitLayer) -> usize {
    let (passed, done) = (AtomicUsize::new(0), AtomicBool::new(false));
    let policy = layer.handle().limits().next().unwrap().policies().next().unwrap();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let service = service(layer);
                while !done.load(Ordering::Relaxed) {
                    passed.fetch_add(passing(&service, 10), Ordering::Relaxed);
                }
            });
        }
        for _ in 0..50 {
            policy.set_quota(FAST);
            policy.set_quota(SLOW);
        }
        done.store(true, Ordering::Relaxed);
    });
    passed.load(Ordering::Relaxed)
}

/// Both quotas have the same burst, so a key has used it up whichever holds. (Fewer pass if one comes just when its debts are
/// being converted: it is charged by the dearer of the two.)
#[test]
fn a_quota_that_changes_under_load_lets_no_more_than_a_burst_pass() {
    let layer = RateLimitLayer::new(SLOW).clock(Clock::manual().0);
    assert!((1..=10).contains(&passing_while_it_changes(&layer)));
}

#[test]
fn nor_where_several_policies_decide_together() {
    let layer = RateLimitLayer::new(SLOW).and(Quota::per_day(1_000));
    assert!((1..=10).contains(&passing_while_it_changes(&layer.clock(Clock::manual().0))));
}

#[test]
fn nor_where_the_response_decides_on_the_charge() {
    let layer = RateLimitLayer::new(SLOW).charge_on(|_| 1).clock(Clock::manual().0);
    assert!((1..=10).contains(&passing_while_it_changes(&layer)));
}

/// Rules with one name keep what a key owes in one place.
fn shared() -> RateLimitLayer {
    let rule = || Rule::new(Quota::every(Duration::from_secs(1)).burst(100)).named("shared");
    RateLimitLayer::for_routes(RouteTable::new().route("/a", rule()).route("/b", rule()))
        .clock(Clock::manual().0)
}

#[test]
fn rules_that_share_a_limit_convert_the_debts_of_an_override_once() {
    let layer = shared();
    let service = service(&layer);
    for _ in 0..100 {
        assert_eq!(status(&service, "/a"), 200);
    }
    assert_eq!(status(&service, "/b"), 429);
    let limit = layer.handle().limit("shared").unwrap();
    let policy = limit.policies().next().unwrap();
    let faster = Quota::every(Duration::from_millis(100)).burst(100);
    policy.set_override(&(), faster);
    assert_eq!(status(&service, "/a"), 429, "the burst stays used up");
    policy.remove_override(&());
    assert_eq!(status(&service, "/b"), 429);
}

/// What such a key owes is counted by its own quota.
#[test]
fn a_new_quota_leaves_the_debts_of_keys_with_their_own_alone() {
    let layer = by_name(RateLimitLayer::new(SLOW));
    let service = service(&layer);
    let policy = layer.handle().limit("default").unwrap().policies().next().unwrap();
    policy.set_override(&Vec::<u8>::new(), Quota::every(Duration::from_secs(5)).burst(20));
    assert_eq!(passing(&service, 30), 20);
    policy.set_quota(FAST);
    assert_eq!(passing(&service, 30), 0);
    policy.set_quota(SLOW);
    policy.remove_override(&Vec::<u8>::new());
    assert_eq!(passing(&service, 30), 0);
}
