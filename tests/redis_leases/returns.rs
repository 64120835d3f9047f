//! What becomes of cells that nobody spends.

use std::time::Duration;

use tower_weir::rate_limit::{Quota, SharedRateLimitLayer, shared::Action};

use crate::{
    store::Mood,
    world::{Service, Watched, instance, passing, service},
};

/// A cell comes back each 0.9 seconds.
const SLOW: Quota = Quota::per_day(100_000);
const CELL: u64 = 864_000_000;

/// An instance that holds cells: with how many it has let pass.
async fn holding(store: &Watched) -> (SharedRateLimitLayer, Service, u64) {
    let layer = instance(SLOW, store);
    let service = service(&layer);
    let passed = passing(&service, 30).await as u64;
    assert_eq!(passed, 30);
    assert!(store.debt().await > 30 * CELL, "it holds cells");
    (layer, service, passed)
}

#[tokio::test(start_paused = true)]
async fn when_an_instance_ends_the_store_has_what_passed_and_no_more() {
    let store = Watched::new();
    let (layer, service, passed) = holding(&store).await;
    layer.return_leases().await;
    assert_eq!(store.debt().await, passed * CELL);
    store.store.asked();
    // It goes on without leases.
    assert_eq!(passing(&service, 10).await, 10);
    assert_eq!(store.store.asked(), [Action::Check { cells: 1 }; 10]);
    layer.return_leases().await;
}

#[tokio::test(start_paused = true)]
async fn so_it_is_when_the_layer_and_all_its_services_are_dropped() {
    let store = Watched::new();
    let (layer, service, passed) = holding(&store).await;
    drop(layer);
    tokio::task::yield_now().await;
    assert!(store.debt().await > passed * CELL, "a service is left");
    drop(service);
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
    assert_eq!(store.debt().await, passed * CELL);
}

#[tokio::test(start_paused = true)]
async fn cells_are_returned_when_the_lease_time_is_over() {
    let store = Watched::new();
    let (_layer, _service, passed) = holding(&store).await;
    tokio::time::sleep(Duration::from_millis(99)).await;
    assert!(store.debt().await > passed * CELL);
    // A quarter of the lease time at most, and the timers' millisecond.
    tokio::time::sleep(Duration::from_millis(28)).await;
    let owed = store.debt().await;
    // What time has paid off of the lease is not paid off once more: no more than its age.
    assert!((passed * CELL - 127_000_000..=passed * CELL).contains(&owed), "{owed}");
    // And then nobody looks after anything.
    store.store.asked();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(store.store.asked(), []);
}

#[tokio::test(start_paused = true)]
async fn one_who_was_refused_asks_again_when_others_may_have_returned_what_they_held() {
    let store = Watched::new();
    let holder = instance(Quota::per_day(60), &store);
    let (first, other) = (service(&holder), service(&instance(Quota::per_day(60), &store)));
    assert_eq!(passing(&first, 22).await, 22);
    let of_other = passing(&other, 60).await;
    assert!(of_other < 38, "the other holds some");
    holder.return_leases().await;
    assert_eq!(passing(&other, 10).await, 0, "it goes by what it knows");
    tokio::time::sleep(Duration::from_millis(101)).await;
    assert_eq!(of_other + passing(&other, 60).await, 38);
}

#[tokio::test(start_paused = true)]
async fn what_is_bought_while_leases_end_is_returned_too() {
    let store = Watched::new();
    let (layer, service, passed) = holding(&store).await;
    layer.return_leases().await;
    let layer = instance(SLOW, &store);
    let service = [service, crate::world::service(&layer)][1].clone();
    assert_eq!(passing(&service, 2).await, 2);
    store.store.set(Mood::Slow(Duration::from_millis(10)));
    let held = store.debt().await / CELL - passed;
    // The last of these has to buy.
    let buys = async {
        let buyer = service.clone();
        passing(&buyer, held as usize - 1).await
    };
    let ends = async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        layer.return_leases().await;
    };
    let (of_these, ()) = tokio::join!(buys, ends);
    assert_eq!(of_these as u64, held - 1);
    let owed = store.debt().await;
    let all = (passed + 2 + of_these as u64) * CELL;
    assert!((all - 50_000_000..=all).contains(&owed), "{owed} {all}");
}
