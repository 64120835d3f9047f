//! Layers that share a store.

use std::time::Duration;

use tower_weir::{
    clock::Clock,
    rate_limit::{Quota, RateLimitLayer, Rule},
    route::RouteTable,
};

use crate::{from, get, passing, run, send, service, store::MemoryStore, user};

#[test]
fn layers_of_one_name_admit_one_quota_by_the_clock_of_the_store() {
    run(async {
        let (store, hand) = MemoryStore::new();
        // Of these clocks one stands still, and the other has gone an hour further.
        let (slow, fast) = (Clock::manual().0, Clock::manual());
        fast.1.advance(Duration::from_secs(3600));
        let layer = |clock| {
            let layer = RateLimitLayer::new(Quota::per_minute(6)).named("api").clock(clock);
            service(&layer.shared(store.clone()))
        };
        let (first, second) = (layer(slow), layer(fast.0));
        assert_eq!(passing(&first, 4).await + passing(&second, 4).await, 6);
        hand.advance(Duration::from_secs(10));
        fast.1.advance(Duration::from_secs(10));
        assert_eq!(passing(&second, 4).await, 1);
    });
}

#[test]
fn layers_of_different_names_and_different_keys_do_not_meet() {
    run(async {
        let (store, _) = MemoryStore::new();
        let layer = |name: &'static str| {
            let layer = RateLimitLayer::new(Quota::per_minute(1)).key(user()).named(name);
            service(&layer.shared(store.clone()))
        };
        let (first, second) = (layer("first"), layer("second"));
        for service in [&first, &second] {
            for user in ["alice", "bob"] {
                assert_eq!(send(service, from(user, "/")).await.status(), 200);
                assert_eq!(send(service, from(user, "/")).await.status(), 429);
            }
        }
    });
}

#[test]
fn routes_are_limits_of_their_own() {
    run(async {
        let (store, _) = MemoryStore::new();
        let instance = || {
            let rule = || Rule::new(Quota::per_minute(1));
            let routes = RouteTable::new().route("/a", rule()).route("/b", rule());
            service(&RateLimitLayer::for_routes(routes).shared(store.clone()))
        };
        let (first, second) = (instance(), instance());
        assert_eq!(get(&first, "/a").await, 200);
        assert_eq!(get(&second, "/a").await, 429);
        assert_eq!(get(&second, "/b").await, 200);
        assert_eq!(get(&first, "/b").await, 429);
        assert_eq!(get(&first, "/c").await, 200);
        assert_eq!(store.asked().len(), 4);
    });
}

#[test]
fn services_of_one_layer_and_its_clones_share() {
    run(async {
        let (store, _) = MemoryStore::new();
        let layer = RateLimitLayer::new(Quota::per_minute(3)).shared(store);
        let (first, second) = (service(&layer), service(&layer.clone()));
        assert_eq!(passing(&first, 2).await + passing(&second, 2).await, 3);
    });
}

#[test]
fn a_handle_steers_what_is_asked() {
    run(async {
        let (store, _) = MemoryStore::new();
        let layer = RateLimitLayer::new(Quota::per_minute(2)).key(user()).shared(store.clone());
        let limit = layer.handle().limit("default").unwrap();
        let service = service(&layer);
        limit.allow("somebody");
        assert_eq!(passing(&service, 5).await, 5);
        limit.deny("somebody");
        assert_eq!(get(&service, "/").await, 403);
        limit.restore("somebody");
        assert!(store.asked().is_empty());
        limit.policy("minute").unwrap().set_override("somebody", Quota::per_minute(4));
        assert_eq!(passing(&service, 5).await, 4);
    });
}
