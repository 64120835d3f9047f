//! Stores that fail, and what caches over one store share.

use std::{sync::Arc, time::Duration};

use tower_weir::{
    cache::{Fingerprint, MemoryStore, Resource, Shared, Store, StoreError, Usage},
    route::RouteTable,
};

use crate::{recorded::recorded, service::*, warnings::warnings};

/// Does nothing but fail.
#[derive(Default)]
struct Broken(Shared);

fn error<T>() -> Result<T, StoreError> {
    Err(StoreError::new("the disk is gone"))
}

impl Store for Broken {
    fn get(&self, _: &Fingerprint) -> Result<Option<Arc<Resource>>, StoreError> {
        error()
    }

    fn insert(&self, _: Arc<Resource>, _: Duration) -> Result<(), StoreError> {
        error()
    }

    fn remove(&self, _: &Fingerprint) -> Result<(), StoreError> {
        error()
    }

    fn clear(&self) {}

    fn usage(&self) -> Usage {
        Usage::default()
    }

    fn shared(&self) -> &Shared {
        &self.0
    }
}

#[test]
fn a_store_that_fails_is_a_miss_counted_and_told_of_once() {
    let mut metrics = Default::default();
    let warnings = warnings(|| {
        metrics = recorded(|| {
            block_on(async {
                let fresh =
                    |_: &http::Request<()>, call| answer(call, &[("cache-control", "max-age=60")]);
                let cached = Cached::over(Broken::default(), |layer| layer, fresh);
                for call in 0..3 {
                    assert_eq!(*cached.get("/a").await.body(), format!("call {call}"));
                }
            });
        });
    });
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("the disk is gone"), "{warnings:?}");
    assert!(metrics["weir_cache_store_errors_total{cache=weir}"] >= 3.0);
    assert_eq!(metrics["weir_cache_requests_total{cache=weir,route=_unmatched,outcome=miss}"], 3.0);
}

#[tokio::test]
async fn caches_of_different_names_share_only_the_room() {
    let store = MemoryStore::with_max_bytes(1 << 20);
    let fresh = |_: &http::Request<()>, call| answer(call, &[("cache-control", "max-age=60")]);
    let [pages, queries] = ["pages", "queries"]
        .map(|name| Cached::over(store.clone(), move |layer| layer.named(name), fresh));
    let unnamed = [(); 2].map(|()| Cached::over(store.clone(), |layer| layer, fresh));
    for cached in [&pages, &queries, &unnamed[0]] {
        cached.get("/a").await;
        assert_eq!(cached.calls(), 1, "each has its own");
    }
    unnamed[1].get("/a").await;
    assert_eq!(unnamed[1].calls(), 0, "layers of one name share");
    assert_eq!(store.usage().entries, 3);
    pages.cache.purge_all();
    for (cached, calls) in [(&pages, 2), (&queries, 1), (&unnamed[0], 1)] {
        cached.get("/a").await;
        assert_eq!(cached.calls(), calls);
    }
}

#[tokio::test]
async fn a_route_has_a_lifetime_of_its_own() {
    let ttls = RouteTable::new()
        .route("/news/{id}", Duration::from_secs(5))
        .route("/live", Duration::ZERO);
    let cached = Cached::new(
        |layer| layer.default_ttl(Duration::from_secs(60)).route_ttl(ttls),
        |_, call| answer(call, &[]),
    );
    let ttl = async |uri: &str| {
        cached.get(uri).await;
        field(&cached.get(uri).await, "cache-status").to_owned()
    };
    assert_eq!(ttl("/news/7").await, "weir; hit; ttl=5");
    assert_eq!(ttl("/else").await, "weir; hit; ttl=60");
    assert_eq!(ttl("/live").await, "weir; fwd=uri-miss; detail=pass");
    let routes: Vec<_> = cached
        .cache
        .stats()
        .routes
        .into_iter()
        .map(|route| (route.route, route.hits, route.misses))
        .collect();
    let expected = [("/live", 0, 2), ("/news/{id}", 1, 1), ("_unmatched", 1, 1)];
    assert_eq!(routes, expected.map(|(route, hits, misses)| (route.to_owned(), hits, misses)));
}
