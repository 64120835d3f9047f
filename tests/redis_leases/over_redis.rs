//! The same over a real server.

use std::time::Duration;

use tokio::task::JoinSet;
use tower_weir::{
    rate_limit::{Fallback, Leases, Quota, RateLimitLayer, SharedRateLimitLayer},
    redis::{Redis, RedisStore},
};

use crate::{
    server::RedisServer,
    world::{passes, passing, service},
};

/// A cell comes back each 86 seconds.
const SLOW: Quota = Quota::per_day(1_000).burst(20_000);

/// How often the server has run a script.
fn scripts(server: &RedisServer) -> usize {
    let stats = server.ask("INFO commandstats");
    let calls = |command: &str| {
        let line = stats.lines().find_map(|line| line.strip_prefix(command))?;
        line.split(',').next()?.parse::<usize>().ok()
    };
    calls("cmdstat_evalsha:calls=").unwrap_or(0) + calls("cmdstat_eval:calls=").unwrap_or(0)
}

/// One that waits for the server however busy the machine is, and passes nothing without.
fn unleased(server: &RedisServer) -> SharedRateLimitLayer {
    let redis = Redis::open(&server.url()).unwrap().timeout(Duration::from_secs(30)).unwrap();
    RateLimitLayer::new(SLOW).shared(RedisStore::new(&redis)).fallback(Fallback::FailClosed)
}

/// For so long that even a slow machine has hot keys.
fn instance(server: &RedisServer) -> SharedRateLimitLayer {
    unleased(server).leases(Leases::new().time(Duration::from_secs(20)).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_pass_exactly_one_quota_and_seldom_ask() {
    let server = RedisServer::start();
    let layers = [instance(&server), instance(&server)];
    let mut clients = JoinSet::new();
    for number in 0..8 {
        let service = service(&layers[number % 2]);
        clients.spawn(async move { passing(&service, 12_500).await });
    }
    let passed: usize = clients.join_all().await.iter().sum();
    let asked = scripts(&server);
    println!("{passed} of 100,000 passed, {asked} scripts");
    assert_eq!(passed, 20_000);
    assert!(asked * 100 <= 20_000, "{asked}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_instances_hold_when_they_end_is_there_for_others() {
    let server = RedisServer::start();
    let mut passed = 0;
    for _ in 0..2 {
        let layer = instance(&server);
        passed += passing(&service(&layer), 3_000).await;
        layer.return_leases().await;
    }
    assert_eq!(passed, 6_000);
    let service = service(&unleased(&server));
    while passes(&service).await {
        passed += 1;
    }
    assert_eq!(passed, 20_000);
}
