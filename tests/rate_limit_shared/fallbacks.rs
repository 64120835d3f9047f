//! Requests that the store is not there for.

use std::{num::NonZeroU32, time::Duration};

use http::Request;
use tower_weir::{
    clock::Clock,
    rate_limit::{Fallback, Quota, RateLimitLayer, Share},
};

use crate::{
    Limited, from, get, header, passing,
    recorded::recorded,
    run, send, service,
    store::{MemoryStore, Mood},
    warnings::warnings,
};

fn limited(store: &MemoryStore, fallback: Fallback) -> Limited {
    let layer = RateLimitLayer::new(Quota::per_minute(10)).named("api").clock(Clock::manual().0);
    service(&layer.shared(store.clone()).fallback(fallback))
}

fn failing(processes: Option<u32>) -> MemoryStore {
    let store = MemoryStore::with(Clock::manual().0, processes.and_then(NonZeroU32::new));
    store.set(Mood::Fails);
    store
}

#[test]
fn all_pass_where_that_was_chosen() {
    run(async {
        let store = failing(None);
        let service = limited(&store, Fallback::FailOpen);
        assert_eq!(passing(&service, 50).await, 50);
        assert_eq!(header(&send(&service, from("somebody", "/")).await, "ratelimit"), "");
        store.set(Mood::Answers);
        assert_eq!(passing(&service, 50).await, 10);
    });
}

#[test]
fn none_pass_where_that_was_chosen() {
    run(async {
        let store = failing(None);
        let service = limited(&store, Fallback::FailClosed);
        let answer = send(&service, from("somebody", "/")).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "retry-after")), (503, "1"));
        let call = Request::post("/greet").header("content-type", "application/grpc");
        let answer = send(&service, call.body(()).unwrap()).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "grpc-status")), (200, "14"));
        assert_eq!(header(&answer, "grpc-retry-pushback-ms"), "1000");
        store.set(Mood::Answers);
        assert_eq!(passing(&service, 50).await, 10);
    });
}

#[test]
fn each_process_enforces_its_share_otherwise() {
    run(async {
        for (processes, share, admitted) in [
            (None, Share::Counted, 10),
            (Some(5), Share::Counted, 2),
            (Some(5), Share::Of(NonZeroU32::new(2).unwrap()), 5),
            (Some(100), Share::Counted, 1),
        ] {
            let store = failing(processes);
            let service = limited(&store, Fallback::Local { share });
            assert_eq!(passing(&service, 50).await, admitted, "{processes:?} {share:?}");
            // What it let pass by itself is nobody else's.
            store.set(Mood::Answers);
            assert_eq!(passing(&service, 50).await, 10);
        }
    });
}

#[test]
fn a_refusal_of_this_process_alone_is_forgotten_when_the_store_answers() {
    run(async {
        let store = failing(None);
        let service = limited(&store, Fallback::default());
        assert_eq!(passing(&service, 11).await, 10);
        store.set(Mood::Answers);
        assert_eq!(get(&service, "/").await, 200);
    });
}

#[test]
fn a_refusal_of_the_store_holds_while_it_is_away() {
    run(async {
        let (store, _) = MemoryStore::new();
        let service = limited(&store, Fallback::FailOpen);
        assert_eq!(passing(&service, 11).await, 10);
        store.set(Mood::Fails);
        assert_eq!(get(&service, "/").await, 429);
    });
}

#[test]
fn a_dry_run_passes_what_would_be_rejected() {
    run(async {
        let layer = RateLimitLayer::new(Quota::per_minute(1)).shadow(true);
        let layer = layer.shared(failing(None)).fallback(Fallback::FailClosed);
        assert_eq!(passing(&service(&layer), 5).await, 5);
    });
}

#[test]
fn fallbacks_are_counted_each() {
    for (fallback, label, decided) in [
        (Fallback::FailOpen, "open", "policy=_all,outcome=allowed"),
        (Fallback::FailClosed, "closed", "policy=_all,outcome=error"),
        (Fallback::default(), "local", "policy=_all,outcome=allowed"),
    ] {
        let metrics = recorded(|| {
            run(async {
                let service = limited(&failing(None), fallback);
                passing(&service, 3).await;
            });
        });
        let fallbacks = format!("weir_rate_limit_fallbacks_total{{limit=api,fallback={label}}}");
        let decisions = format!("weir_rate_limit_decisions_total{{limit=api,{decided}}}");
        assert_eq!([metrics[&fallbacks], metrics[&decisions]], [3.0, 3.0], "{label}");
    }
}

#[test]
fn what_is_asked_in_time_falls_back_on_nothing() {
    let metrics = recorded(|| {
        run(async {
            let store = MemoryStore::new().0;
            store.set(Mood::Slow(Duration::from_millis(4)));
            assert_eq!(passing(&limited(&store, Fallback::FailClosed), 12).await, 10);
        });
    });
    assert!(!metrics.keys().any(|name| name.starts_with("weir_rate_limit_fallbacks_total")));
}

#[test]
fn a_change_of_state_is_logged_once() {
    let told = warnings(|| {
        run(async {
            let (clock, hand) = Clock::manual();
            let store = MemoryStore::with(clock.clone(), None);
            let layer = RateLimitLayer::new(Quota::per_second(100)).named("api").clock(clock);
            let service = service(&layer.shared(store.clone()));
            let outage = async || {
                store.set(Mood::Fails);
                assert_eq!(passing(&service, 5).await, 5);
                store.set(Mood::Answers);
                assert_eq!(passing(&service, 5).await, 5);
            };
            // Now and then it answers.
            outage().await;
            hand.advance(Duration::from_millis(999));
            outage().await;
            hand.advance(Duration::from_secs(1));
            // It answers again.
            assert_eq!(get(&service, "/").await, 200);
            outage().await;
        });
    });
    let told: Vec<_> = told.iter().map(String::as_str).collect();
    let away = "the shared store has not answered lately and was not asked; until it does, this process enforces its share of the \
                quota by itself";
    assert_eq!(told, [away; 2]);
}

#[test]
fn a_client_that_leaves_while_the_store_is_asked_never_reaches_the_service() {
    run(async {
        let (store, _) = MemoryStore::new();
        store.set(Mood::Silent);
        let service = limited(&store, Fallback::FailClosed);
        let call = tokio::time::timeout(Duration::from_secs(1), get(&service, "/"));
        assert!(call.await.is_err());
        store.set(Mood::Answers);
        // It was charged all the same.
        assert_eq!(passing(&service, 20).await, 9);
    });
}
