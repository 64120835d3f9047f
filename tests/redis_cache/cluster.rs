//! The same over a cluster.

use std::sync::Arc;

use tower_weir::redis::{Redis, RedisCache};

use crate::{
    instance::{Instance, PATIENCE},
    server::RedisCluster,
    until,
};

#[tokio::test(flavor = "multi_thread")]
async fn responses_purges_and_flights_cross_over_a_cluster() {
    let cluster = RedisCluster::start();
    let instance = || {
        let redis = Redis::cluster(cluster.urls()).unwrap().timeout(PATIENCE).unwrap();
        Arc::new(Instance::over(
            RedisCache::new(&redis).timeout(PATIENCE).unwrap().flights(PATIENCE).unwrap(),
        ))
    };
    let [one, two] = [instance(), instance()];
    // Often enough that every node has some.
    for _ in 0..20 {
        one.shares_with(&two).await;
        two.shares_with(&one).await;
    }
    let nodes_with_records = cluster.nodes.iter().filter(|node| crate::stored::records(node) > 0);
    assert_eq!(nodes_with_records.count(), 3);

    for _ in 0..10 {
        one.get("/posts/1").await;
        two.until("/posts/1", |answer| answer.is_local()).await;
        one.cache.purge_tag("posts");
        two.until("/posts/1", |answer| answer.is_of_service()).await;
    }

    let calls = one.calls() + two.calls();
    let asks = |instance: &Arc<Instance>| {
        let instance = Arc::clone(instance);
        tokio::spawn(async move { instance.get("/slow/a").await })
    };
    let first = asks(&one);
    until::until(|| one.calls() + two.calls() == calls + 1).await;
    let second = asks(&two);
    one.permits.add_permits(1);
    assert!(first.await.unwrap().is_of_service());
    assert!(!second.await.unwrap().is_of_service());
    assert_eq!(one.calls() + two.calls(), calls + 1);
}
