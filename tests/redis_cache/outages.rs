//! Servers that are gone, or do not answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tower_weir::redis::{Redis, RedisCache, Status};

use crate::{instance::Instance, server::RedisServer, until::until};

/// One that gives a server up soon.
fn impatient(url: &str) -> (Instance, Redis) {
    let redis = Redis::open(url).unwrap().timeout(Duration::from_millis(100)).unwrap();
    let tier = RedisCache::new(&redis).timeout(Duration::from_millis(100)).unwrap();
    (Instance::over(tier), redis)
}

#[tokio::test]
async fn a_server_that_is_killed_and_restarted_amid_traffic_is_no_errors() {
    let mut server = RedisServer::start();
    let [(one, redis), (two, _)] = [(); 2].map(|()| impatient(&server.url()));
    let (one, two) = (Arc::new(one), Arc::new(two));
    two.shares_with(&one).await;
    one.get("/kept").await;
    let done = Arc::<AtomicBool>::default();
    let answered = Arc::<AtomicUsize>::default();
    let traffic = [&one, &two].map(|instance| {
        let (instance, done) = (Arc::clone(instance), Arc::clone(&done));
        let answered = Arc::clone(&answered);
        tokio::spawn(async move {
            // Each answer is a success, or the test fails.
            while !done.load(SeqCst) {
                let number = answered.fetch_add(1, SeqCst);
                instance.get(&format!("/traffic/{}", number % 1_000)).await;
                tokio::task::yield_now().await;
            }
        })
    });
    server.kill();
    until(|| redis.status() == Status::Down).await;
    // Memory goes on.
    let before = answered.load(SeqCst);
    assert!(one.get("/kept").await.is_local());
    server.restart();
    two.shares_with(&one).await;
    one.shares_with(&two).await;
    assert!(answered.load(SeqCst) > before);
    done.store(true, SeqCst);
    for task in traffic {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_accepts_and_never_answers_holds_nobody_up_for_good() {
    let server = RedisServer::start();
    let [(one, redis), (two, _)] = [(); 2].map(|()| impatient(&server.url()));
    two.shares_with(&one).await;
    one.get("/kept").await;
    server.freeze();
    assert!(one.get("/kept").await.is_local());
    for number in 0..50 {
        assert!(one.get(&format!("/frozen/{number}")).await.is_of_service());
        assert!(one.get(&format!("/frozen/{number}")).await.is_local());
    }
    until(|| redis.status() == Status::Down).await;
    server.thaw();
    two.shares_with(&one).await;
    one.shares_with(&two).await;
}

#[tokio::test]
async fn a_purge_that_is_made_while_the_server_is_down_reaches_the_others_later() {
    let mut server = RedisServer::start();
    let [(one, redis), (two, _)] = [(); 2].map(|()| impatient(&server.url()));
    two.shares_with(&one).await;
    server.freeze();
    until(|| redis.status() == Status::Down).await;
    two.get("/posts/1").await;
    one.cache.purge_tag("posts");
    assert!(two.get("/posts/1").await.is_local());
    server.thaw();
    two.until("/posts/1", |answer| answer.is_of_service()).await;
    server.kill();
}

#[tokio::test]
async fn a_server_that_comes_later_is_used_then() {
    let mut server = RedisServer::start();
    server.kill();
    let [(one, redis), (two, _)] = [(); 2].map(|()| impatient(&server.url()));
    assert!(one.get("/a").await.is_of_service());
    assert!(one.get("/a").await.is_local());
    until(|| redis.status() == Status::Down).await;
    server.restart();
    two.shares_with(&one).await;
}

#[tokio::test]
async fn what_a_server_gets_to_late_is_not_taken_for_new() {
    let server = RedisServer::start();
    let [(one, redis), (two, _)] = [(); 2].map(|()| impatient(&server.url()));
    one.shares_with(&two).await;
    two.shares_with(&one).await;
    server.freeze();
    // What is sent to it now is carried out when it goes on, however much later that is.
    assert!(one.get("/late").await.is_of_service());
    until(|| redis.status() == Status::Down).await;
    server.thaw();
    two.shares_with(&one).await;
    assert!(two.get("/late").await.is_of_service());
}
