//! What a layer decides without asking.

use std::time::Duration;

use tower_weir::{
    clock::Clock,
    rate_limit::{Quota, RateLimitLayer, shared::Action},
};

use crate::{from, get, header, passing, run, send, service, store::MemoryStore};

#[test]
fn a_key_that_was_refused_is_not_asked_for_until_it_could_pass() {
    run(async {
        let (clock, hand) = Clock::manual();
        let store = MemoryStore::with(clock.clone(), None);
        let layer = RateLimitLayer::new(Quota::per_minute(6)).clock(clock);
        let service = service(&layer.shared(store.clone()));
        assert_eq!(passing(&service, 100).await, 6);
        assert_eq!(store.asked().len(), 7);
        hand.advance(Duration::from_millis(9_999));
        let refused = send(&service, from("somebody", "/")).await;
        assert_eq!((refused.status().as_u16(), header(&refused, "retry-after")), (429, "1"));
        assert!(store.asked().is_empty());
        hand.advance(Duration::from_millis(1));
        // With the answer to the first it knows what becomes of the next.
        assert_eq!(passing(&service, 2).await, 1);
        assert_eq!(store.asked().len(), 1);
    });
}

#[test]
fn what_costs_more_than_a_burst_is_never_asked_for() {
    run(async {
        let (store, _) = MemoryStore::new();
        let layer = RateLimitLayer::new(Quota::per_second(10)).and(Quota::per_minute(20));
        let layer = layer.cost(|_| 11).shared(store.clone());
        let answer = send(&service(&layer), from("somebody", "/")).await;
        assert_eq!(answer.status(), 429);
        assert!(!answer.headers().contains_key("retry-after"));
        assert!(store.asked().is_empty());
    });
}

#[test]
fn what_costs_nothing_passes_unasked_and_is_told_nothing() {
    run(async {
        let (store, _) = MemoryStore::new();
        let layer = RateLimitLayer::new(Quota::per_minute(1));
        let layer = layer.cost(|head| u32::from(head.uri.path() != "/free")).shared(store.clone());
        let service = service(&layer);
        assert_eq!(passing(&service, 2).await, 1);
        assert_eq!(store.asked(), [Action::Check { cells: 1 }; 2]);
        let free = send(&service, from("somebody", "/free")).await;
        assert_eq!((free.status().as_u16(), header(&free, "ratelimit")), (200, ""));
        assert!(store.asked().is_empty());
    });
}

#[test]
fn a_dry_run_lets_pass_and_charges_only_what_would_have_passed() {
    run(async {
        let (store, _) = MemoryStore::new();
        let layer = RateLimitLayer::new(Quota::per_minute(2)).shadow(true).shared(store.clone());
        let service = service(&layer);
        for _ in 0..5 {
            let answer = send(&service, from("somebody", "/")).await;
            assert_eq!((answer.status().as_u16(), header(&answer, "ratelimit")), (200, ""));
        }
        assert_eq!(store.asked().len(), 3);
    });
}

#[test]
fn exempt_and_denied_requests_are_not_asked_for() {
    run(async {
        let (store, _) = MemoryStore::new();
        let layer = RateLimitLayer::new(Quota::per_minute(1))
            .exempt(|head| head.uri.path() == "/health")
            .deny(|head| head.uri.path() == "/secret");
        let service = service(&layer.shared(store.clone()));
        assert_eq!(get(&service, "/health").await, 200);
        assert_eq!(get(&service, "/secret").await, 403);
        assert!(store.asked().is_empty());
    });
}
