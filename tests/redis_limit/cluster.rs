//! Over a cluster of three.

use std::time::Duration;

use http::{HeaderName, Request};
use http_body_util::Empty;
use tower_weir::{
    key::Header,
    rate_limit::{Fallback, Quota, RateLimitLayer, Rule},
    redis::Redis,
};

use crate::{send, server::RedisCluster, service, shared};

#[tokio::test]
async fn one_node_decides_on_all_policies_of_a_key() {
    let cluster = RedisCluster::start();
    let rule = || Rule::new(Quota::per_hour(9)).and(Quota::per_day(7)).and(Quota::per_minute(8));
    let instances = [(); 2].map(|()| {
        let redis =
            Redis::cluster(cluster.urls()).unwrap().timeout(Duration::from_secs(30)).unwrap();
        let layer = RateLimitLayer::new(rule()).named("api");
        let layer = layer.key(Header(HeaderName::from_static("x-user")));
        service(&shared(&redis, layer).fallback(Fallback::FailClosed))
    });
    for user in 0..12 {
        let mut passed = 0;
        for number in 0..10 {
            let request = Request::get("/").header("x-user", user).body(Empty::new()).unwrap();
            let status = send(&instances[number % 2], request).await.status().as_u16();
            assert!([200, 429].contains(&status), "{status}");
            passed += usize::from(status == 200);
        }
        assert_eq!(passed, 7);
    }
    for node in &cluster.nodes {
        // Each has some of the keys, with all that they owe.
        let keys = node.ask("KEYS *}:*");
        let policies = ["hour", "day", "minute"].map(|policy| keys.matches(policy).count());
        assert!(policies[0] > 0 && policies.iter().all(|n| *n == policies[0]), "{policies:?}");
    }
}
