//! Whatever a lease is not for.

use std::time::Duration;

use tower_weir::rate_limit::{Quota, RateLimitLayer, shared::Action};

use crate::world::{Watched, instance, leased, passing, send, service};

fn leases(asked: &[Action]) -> usize {
    asked.iter().filter(|action| matches!(action, Action::Lease { .. })).count()
}

#[tokio::test(start_paused = true)]
async fn other_terms_return_the_lease_and_make_another() {
    let store = Watched::new();
    let layer = instance(Quota::per_second(1_000), &store);
    let service = service(&layer);
    assert_eq!(passing(&service, 30).await, 30);
    let limit = layer.handle().limits().next().unwrap();
    limit.policies().next().unwrap().set_quota(Quota::per_second(500));
    store.store.asked();
    assert_eq!(passing(&service, 30).await, 30);
    let asked = store.store.asked();
    assert!(asked.iter().any(|action| matches!(action, Action::Refund { .. })), "{asked:?}");
    assert!(leases(&asked) > 0, "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn requests_of_a_tier_of_their_own_do_without() {
    let store = Watched::new();
    let layer = RateLimitLayer::new(Quota::per_second(1_000))
        .quota_for(|head| (head.method == http::Method::PUT).then_some(Quota::per_second(2_000)));
    let service = service(&leased(layer, &store));
    assert_eq!(passing(&service, 2).await, 2);
    store.store.asked();
    for _ in 0..5 {
        let put = http::Request::put("/").body(crate::world::Inner::new()).unwrap();
        let answer = tower::ServiceExt::oneshot(service.clone(), put).await.unwrap();
        assert!(answer.status().is_success());
        assert_eq!(passing(&service, 1).await, 1);
    }
    let asked = store.store.asked();
    assert_eq!(leases(&asked), 0, "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn where_the_response_decides_on_the_charge_nothing_is_leased() {
    let store = Watched::new();
    let layer = RateLimitLayer::new(Quota::per_second(1_000)).charge_on(|_| 1);
    let service = service(&leased(layer, &store));
    assert_eq!(passing(&service, 20).await, 20);
    assert_eq!(store.store.asked(), [Action::Check { cells: 1 }; 20]);
}

#[tokio::test(start_paused = true)]
async fn a_request_may_cost_more_than_is_held() {
    let store = Watched::new();
    let layer = RateLimitLayer::new(Quota::per_day(1_000)).cost(|_| 70);
    let service = service(&leased(layer, &store));
    assert_eq!(passing(&service, 30).await, 14);
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_of_all_policies() {
    let store = Watched::new();
    let layer = RateLimitLayer::new(Quota::per_day(500)).and(Quota::per_day(200));
    let service = service(&leased(layer, &store));
    assert_eq!(passing(&service, 600).await, 200);
    assert!(store.store.asked().len() < 30);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_lets_all_pass_and_tells_nobody() {
    let store = Watched::new();
    let layer = RateLimitLayer::new(Quota::per_day(50)).shadow(true);
    let service = service(&leased(layer, &store));
    assert_eq!(passing(&service, 100).await, 100);
    assert!(send(&service).await.headers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn clients_are_told_what_is_left_as_if_nothing_were_held() {
    let store = Watched::new();
    let service = service(&instance(Quota::per_day(1_000), &store));
    for sent in 1..=300 {
        let answer = send(&service).await;
        let told = answer.headers()["ratelimit"].to_str().unwrap();
        let left = 1_000 - sent;
        assert!(told.contains(&format!("r={left}")), "{told} after {sent}");
        tokio::time::advance(Duration::from_micros(100)).await;
    }
    assert!(store.store.asked().len() < 15);
}
