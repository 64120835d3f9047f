//! Clients that leave, and a store that fails or hangs.

use std::{pin::pin, sync::mpsc, task::Poll, thread, time::Duration};

use http::StatusCode;
use tower_weir::rate_limit::{Fallback, Quota, shared::Action};

use crate::{
    recorded::recorded,
    store::Mood,
    world::{Service, Watched, instance, passes, passing, poll, service, together},
};

const SLOW: Quota = Quota::per_day(100_000);

fn strict(store: &Watched) -> Service {
    service(&instance(SLOW, store).fallback(Fallback::FailClosed))
}

#[tokio::test(start_paused = true)]
async fn a_purchase_goes_on_when_whoever_needed_it_is_gone() {
    let store = Watched::new();
    let service = strict(&store);
    assert!(passes(&service).await);
    store.store.set(Mood::Slow(Duration::from_millis(10)));
    {
        let mut leaves = pin!(passes(&service));
        assert_eq!(poll(&mut leaves).await, Poll::Pending);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    store.store.set(Mood::Fails);
    // Four cells: nothing was spent for the one who left.
    assert_eq!(passing(&service, 10).await, 4);
    assert_eq!(store.store.asked()[..2], [Action::Check { cells: 1 }, lease(1, 4)]);
}

fn lease(least: u32, most: u32) -> Action {
    Action::Lease { least, most }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_bought_for_those_who_left_before() {
    let store = Watched::new();
    let service = strict(&store);
    assert!(passes(&service).await);
    {
        let mut leaves = pin!(passes(&service));
        assert_eq!(poll(&mut leaves).await, Poll::Pending);
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(store.store.asked(), [Action::Check { cells: 1 }]);
    assert!(passes(&service).await, "the next buys");
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_fall_back_when_the_store_fails() {
    let store = Watched::new();
    let service = strict(&store);
    assert_eq!(passing(&service, 3).await, 3);
    store.store.set(Mood::Fails);
    let answers = together(&service, 10).await;
    let of = |status| answers.iter().filter(|answer| **answer == status).count();
    // What is held is spent.
    assert_eq!((of(StatusCode::OK), of(StatusCode::SERVICE_UNAVAILABLE)), (2, 8));
    store.store.set(Mood::Answers);
    assert!(passes(&service).await);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_is_not_spent_when_the_lease_time_is_over() {
    let store = Watched::new();
    let service = strict(&store);
    assert_eq!(passing(&service, 3).await, 3);
    store.store.set(Mood::Fails);
    tokio::time::sleep(Duration::from_millis(101)).await;
    assert_eq!(passing(&service, 10).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_was_refused_stays_refused_while_the_store_fails() {
    let store = Watched::new();
    let layer = instance(Quota::per_day(10), &store).fallback(Fallback::FailOpen);
    let service = service(&layer);
    assert_eq!(passing(&service, 20).await, 10);
    store.store.set(Mood::Fails);
    store.store.asked();
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(101)).await;
        assert_eq!(passing(&service, 5).await, 0);
    }
    assert_eq!(store.store.asked(), [Action::Check { cells: 1 }; 5]);
}

#[tokio::test(start_paused = true)]
async fn while_the_store_hangs_what_is_held_is_spent_and_the_rest_waits() {
    let store = Watched::new();
    let service = strict(&store);
    assert_eq!(passing(&service, 2).await, 2);
    store.store.set(Mood::Silent);
    assert_eq!(passing(&service, 3).await, 3);
    let mut waits = pin!(passes(&service));
    assert_eq!(poll(&mut waits).await, Poll::Pending);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(poll(&mut waits).await, Poll::Pending);
}

/// Two runtimes, as where each core has one: the one that buys ends.
#[test]
fn those_who_wait_fall_back_when_the_runtime_ends_that_their_cells_were_bought_on() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(true).build().unwrap()
    };
    let (buys, waits) = (runtime(), runtime());
    let entered = buys.enter();
    let store = Watched::new();
    let service = strict(&store);
    drop(entered);
    let mut first = Box::pin(async {
        assert!(passes(&service).await);
        store.store.set(Mood::Silent);
        passes(&service).await
    });
    buys.block_on(async {
        assert_eq!(poll(&mut first.as_mut()).await, Poll::Pending);
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
    });
    let mut second = Box::pin(passes(&service));
    waits.block_on(async { assert_eq!(poll(&mut second.as_mut()).await, Poll::Pending) });
    drop(buys);
    assert!(!waits.block_on(second), "told at once that it cannot be known");
    assert!(!waits.block_on(first));
}

/// What is spawned then is dropped at once, as it is while a runtime of several threads ends under traffic.
#[test]
fn a_request_in_a_runtime_that_has_ended_falls_back() {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().unwrap();
    let store = Watched::new();
    let service = strict(&store);
    assert!(runtime.block_on(passes(&service)));
    let ended = runtime.handle().clone();
    drop(runtime);
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let _entered = ended.enter();
        tell.send(futures_executor::block_on(passes(&service)))
    });
    let passes = told.recv_timeout(Duration::from_secs(60));
    assert_eq!(passes, Ok(false));
}

#[test]
fn cells_are_counted() {
    let told = |fails: bool| {
        recorded(|| {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            let runtime = builder.enable_time().start_paused(true).build().unwrap();
            runtime.block_on(async {
                let store = Watched::new();
                let layer = instance(SLOW, &store);
                assert_eq!(passing(&service(&layer), 10).await, 10);
                store.store.set(if fails { Mood::Fails } else { Mood::Answers });
                layer.return_leases().await;
            });
        })
    };
    let of = |told: &std::collections::BTreeMap<String, f64>, event: &str| {
        told[&format!("weir_rate_limit_leased_total{{limit=default,event={event}}}")]
    };
    for (fails, gone, none) in [(false, "returned", "lost"), (true, "lost", "returned")] {
        let told = told(fails);
        // One was checked.
        assert_eq!(of(&told, "spent"), 9.0);
        assert_eq!(of(&told, none), 0.0);
        assert_eq!(of(&told, "bought"), 9.0 + of(&told, gone));
        assert!(of(&told, gone) > 0.0);
    }
}

#[test]
fn each_request_is_counted_once_whoever_decides() {
    let told = recorded(|| {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let store = Watched::new();
            let service = service(&instance(Quota::per_day(400), &store));
            for mood in [Mood::Answers, Mood::Fails, Mood::Answers, Mood::Fails] {
                store.store.set(mood);
                assert_eq!(together(&service, 150).await.len(), 150);
                passing(&service, 100).await;
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        });
    });
    let sum = |metric: &str| -> f64 {
        told.iter().filter(|(name, _)| name.starts_with(metric)).map(|(_, count)| count).sum()
    };
    assert_eq!(sum("weir_rate_limit_decisions_total"), 1_000.0);
    // All that the store has, and as much again by this process alone, which was refused nothing.
    let allowed = "weir_rate_limit_decisions_total{limit=default,policy=_all,outcome=allowed}";
    assert_eq!(told[allowed], 400.0 + sum("weir_rate_limit_fallbacks_total"));
    assert!(sum("weir_rate_limit_fallbacks_total") > 150.0);
}
