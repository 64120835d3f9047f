use std::time::Duration;

use tokio::runtime::Builder;

use super::{
    super::{Failure, Redis, Status, shared::Shared},
    server::{RedisServer, free_port},
    world::{open, set, until, until_it_answers, until_it_is},
};

#[tokio::test]
async fn the_first_call_waits_for_the_connection() {
    let server = RedisServer::start();
    let redis = open(&server.url());
    assert_eq!(redis.status(), Status::Connecting);
    assert_eq!(set(&redis, "key").await.unwrap(), "OK");
    assert_eq!(redis.status(), Status::Up);
}

#[tokio::test]
async fn a_server_that_is_down_at_the_start_is_found_when_it_is_up() {
    let mut server = RedisServer::start();
    server.kill();
    let redis = open(&server.url());
    // Not the timeout: it is known that nobody is there.
    assert!(matches!(set(&redis, "key").await, Err(Failure::Skipped)));
    assert_eq!(redis.status(), Status::Down);
    server.restart();
    until_it_is(&redis, Status::Up).await;
    assert_eq!(set(&redis, "key").await.unwrap(), "OK");
}

#[tokio::test]
async fn a_connection_that_is_lost_is_given_up_with_the_first_call() {
    let mut server = RedisServer::start();
    let redis = open(&server.url());
    until_it_answers(&redis).await;
    server.kill();
    let first = set(&redis, "key").await;
    // The supervisor may have been faster.
    assert!(matches!(first, Err(Failure::Failed(_) | Failure::Skipped)), "{first:?}");
    assert!(matches!(set(&redis, "key").await, Err(Failure::Skipped)));
    server.restart();
    until_it_is(&redis, Status::Up).await;
    assert_eq!(set(&redis, "key").await.unwrap(), "OK");
}

#[tokio::test]
async fn a_lost_connection_is_noticed_without_a_call() {
    let mut server = RedisServer::start();
    let redis = open(&server.url());
    until_it_answers(&redis).await;
    server.kill();
    until_it_is(&redis, Status::Down).await;
    server.restart();
    until_it_is(&redis, Status::Up).await;
}

#[tokio::test]
async fn a_frozen_server_costs_a_few_calls_and_no_more() {
    let server = RedisServer::start();
    let redis = Redis::open(&server.url())
        .unwrap()
        .timeout(Duration::from_millis(100))
        .unwrap()
        .connect_timeout(Duration::from_millis(300))
        .unwrap();
    until_it_answers(&redis).await;
    server.freeze();
    let mut waited = 0;
    loop {
        match set(&redis, "key").await {
            Err(Failure::TimedOut) => waited += 1,
            Err(Failure::Skipped) => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(waited <= 5, "{waited}");
    // The kernel goes on to accept connections: none of them makes calls wait again.
    for _ in 0..1_000 {
        assert!(matches!(set(&redis, "key").await, Err(Failure::Skipped)));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    server.thaw();
    until_it_is(&redis, Status::Up).await;
    until_it_answers(&redis).await;
}

#[tokio::test]
async fn a_server_that_objects_to_calls_is_not_left_alone() {
    let server = RedisServer::start();
    let redis = open(&server.url());
    until_it_answers(&redis).await;
    for _ in 0..50 {
        let answer = redis
            .call::<String>(super::super::Use::Cache, ::redis::cmd("LPUSH").arg("looked").arg(1))
            .await;
        assert!(matches!(answer, Err(Failure::Failed(_))), "{answer:?}");
    }
    assert_eq!(redis.status(), Status::Up);
}

#[test]
fn another_runtime_takes_over_when_the_first_one_ends() {
    let runtime = || Builder::new_current_thread().enable_all().build().unwrap();
    let server = RedisServer::start();
    let redis = open(&server.url());
    runtime().block_on(until_it_answers(&redis));
    assert_eq!(redis.status(), Status::Connecting, "the connection ended with its runtime");
    runtime().block_on(until_it_answers(&redis));
    // Also one that ends while the server is looked for.
    let nobody = open(&format!("redis://127.0.0.1:{}", free_port()));
    for _ in 0..3 {
        runtime().block_on(async {
            assert!(matches!(set(&nobody, "key").await, Err(Failure::Skipped)));
        });
    }
}

#[test]
fn a_call_outside_of_a_runtime_is_not_made() {
    let redis = open("redis://127.0.0.1:1");
    let call = futures_executor::block_on(set(&redis, "key"));
    assert!(matches!(call, Err(Failure::Skipped)), "{call:?}");
    // Nor where another one has a connection.
    let server = RedisServer::start();
    let redis = open(&server.url());
    let connected = Builder::new_current_thread().enable_all().build().unwrap();
    connected.block_on(until_it_answers(&redis));
    let call = futures_executor::block_on(set(&redis, "key"));
    assert!(matches!(call, Err(Failure::Skipped)), "{call:?}");
    let without_timers = Builder::new_current_thread().build().unwrap();
    let call = without_timers.block_on(set(&redis, "key"));
    assert!(matches!(call, Err(Failure::Skipped)), "{call:?}");
    connected.block_on(until_it_answers(&redis));
}

#[tokio::test]
async fn the_supervisor_ends_with_the_last_handle() {
    let server = RedisServer::start();
    let redis = open(&server.url());
    let clone = redis.clone();
    until_it_answers(&redis).await;
    let shared: std::sync::Weak<Shared> = redis.downgrade();
    drop(redis);
    until_it_answers(&clone).await;
    drop(clone);
    until(async || shared.strong_count() == 0).await;
    let connected = || server.ask("CLIENT LIST").matches(" cmd=").count();
    // The one that asks.
    until(async || connected() == 1).await;
}
