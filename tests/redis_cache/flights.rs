//! Calls that one makes for all.

use std::{sync::Arc, time::Duration};

use tower_weir::redis::RedisCache;

use crate::{
    instance::{Instance, PATIENCE, patient, tier},
    server::RedisServer,
    stored::until,
    until,
};

fn locks(server: &RedisServer) -> usize {
    server.ask("KEYS weir:f:*").lines().filter(|line| line.starts_with("weir:f:")).count()
}

/// Whether somebody waits for who has the lock.
fn is_awaited(server: &RedisServer) -> bool {
    let keys = server.ask("KEYS weir:f:*");
    let lock = keys.lines().find(|line| line.starts_with("weir:f:"));
    lock.is_some_and(|lock| !server.ask(&format!("STRLEN {lock}")).starts_with(":16"))
}

async fn pair(server: &RedisServer, max_wait: Duration) -> [Arc<Instance>; 2] {
    let instance = || Arc::new(Instance::over(tier(&server.url()).flights(max_wait).unwrap()));
    let [one, two] = [instance(), instance()];
    one.shares_with(&two).await;
    two.shares_with(&one).await;
    [one, two]
}

fn asks(
    instance: &Arc<Instance>,
    uri: &'static str,
) -> tokio::task::JoinHandle<crate::instance::Answer> {
    let instance = Arc::clone(instance);
    tokio::spawn(async move { instance.get(uri).await })
}

#[tokio::test]
async fn two_instances_make_one_call() {
    let server = RedisServer::start();
    let [one, two] = pair(&server, PATIENCE).await;
    let calls = one.calls() + two.calls();
    let first = asks(&one, "/slow/a");
    until::until(|| one.calls() + two.calls() == calls + 1).await;
    let second = asks(&two, "/slow/a");
    until(&server, is_awaited).await;
    one.permits.add_permits(1);
    assert!(first.await.unwrap().is_of_service());
    let answer = second.await.unwrap();
    assert!(answer.is_shared(), "{answer:?}");
    assert_eq!(one.calls() + two.calls(), calls + 1);
    until(&server, |server| locks(server) == 0).await;
}

#[tokio::test]
async fn who_waits_for_one_that_dies_makes_the_call_itself() {
    let server = RedisServer::start();
    let [one, two] = pair(&server, Duration::from_millis(300)).await;
    let calls = two.calls();
    // It never answers, nor does it land.
    let _first = asks(&one, "/slow/a");
    until(&server, |server| locks(server) == 1).await;
    two.permits.add_permits(1);
    assert!(two.get("/slow/a").await.is_of_service());
    assert_eq!(two.calls(), calls + 1);
}

#[tokio::test]
async fn what_is_not_stored_is_asked_for_by_each_as_soon_as_that_is_known() {
    let server = RedisServer::start();
    let [one, two] = pair(&server, PATIENCE).await;
    let first = asks(&one, "/slow/private");
    until(&server, |server| locks(server) == 1).await;
    let second = asks(&two, "/slow/private");
    until(&server, is_awaited).await;
    let calls = two.calls();
    one.permits.add_permits(1);
    assert!(first.await.unwrap().is_of_service());
    two.permits.add_permits(1);
    assert!(second.await.unwrap().is_of_service());
    assert_eq!(two.calls(), calls + 1);
}

#[tokio::test]
async fn without_a_subscription_nobody_waits() {
    let server = RedisServer::start();
    let waiter = RedisCache::new(&patient(&server.url())).timeout(PATIENCE).unwrap();
    let waiter = waiter.flights(PATIENCE).unwrap();
    let one = Instance::over(waiter);
    // It has hardly begun, and asks for no lock.
    assert!(one.get("/a").await.is_of_service());
    until(&server, |server| locks(server) == 0).await;
}
