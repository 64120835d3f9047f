use std::time::Duration;

use tokio::time::timeout;

use super::{
    super::{Event, Redis, Subscription},
    server::{RedisCluster, RedisServer},
    world::{NEVER, PATIENCE, open},
};

async fn next(subscription: &mut Subscription) -> Event {
    timeout(NEVER, subscription.next()).await.expect("an event")
}

fn message(channel: &str, payload: &'static str) -> Event {
    Event::Message { channel: channel.to_owned(), payload: payload.into() }
}

fn channels() -> Vec<String> {
    vec!["weir:a".to_owned(), "weir:b".to_owned()]
}

#[tokio::test]
async fn it_tells_messages_and_when_there_may_have_been_more() {
    let mut server = RedisServer::start();
    let redis = open(&server.url());
    let mut subscription = redis.subscribe(channels());
    assert_eq!(next(&mut subscription).await, Event::Connected);
    assert_eq!(server.ask("PUBLISH weir:a one"), ":1\r\n");
    assert_eq!(server.ask("PUBLISH weir:c none"), ":0\r\n");
    assert_eq!(server.ask("PUBLISH weir:b two"), ":1\r\n");
    assert_eq!(next(&mut subscription).await, message("weir:a", "one"));
    assert_eq!(next(&mut subscription).await, message("weir:b", "two"));
    server.restart();
    assert_eq!(next(&mut subscription).await, Event::Lost);
    assert_eq!(next(&mut subscription).await, Event::Connected);
    server.ask("PUBLISH weir:a three");
    assert_eq!(next(&mut subscription).await, message("weir:a", "three"));
}

#[tokio::test]
async fn it_notices_a_connection_that_nothing_comes_over_any_more() {
    let server = RedisServer::start();
    let redis = open(&server.url()).connect_timeout(PATIENCE).unwrap();
    let mut subscription = redis.subscribe(channels()).pinging_every(Duration::from_millis(10));
    assert_eq!(next(&mut subscription).await, Event::Connected);
    // Pings that are answered are no events.
    let quiet = timeout(Duration::from_millis(100), subscription.next()).await;
    assert!(quiet.is_err());
    server.freeze();
    assert_eq!(next(&mut subscription).await, Event::Lost);
    server.thaw();
    assert_eq!(next(&mut subscription).await, Event::Connected);
}

#[tokio::test]
async fn a_wait_that_is_given_up_loses_nothing() {
    let server = RedisServer::start();
    let mut subscription = open(&server.url()).subscribe(channels());
    assert_eq!(next(&mut subscription).await, Event::Connected);
    for _ in 0..10 {
        let waited = timeout(Duration::from_millis(1), subscription.next()).await;
        assert!(waited.is_err());
    }
    server.ask("PUBLISH weir:a one");
    assert_eq!(next(&mut subscription).await, message("weir:a", "one"));
}

#[tokio::test]
async fn in_a_cluster_any_node_will_do() {
    let mut cluster = RedisCluster::start();
    let redis = Redis::cluster(cluster.urls()).unwrap();
    let mut subscription = redis.subscribe(channels());
    assert_eq!(next(&mut subscription).await, Event::Connected);
    cluster.nodes[0].kill();
    assert_eq!(next(&mut subscription).await, Event::Lost);
    assert_eq!(next(&mut subscription).await, Event::Connected);
    cluster.nodes[2].ask("PUBLISH weir:b over");
    assert_eq!(next(&mut subscription).await, message("weir:b", "over"));
}
