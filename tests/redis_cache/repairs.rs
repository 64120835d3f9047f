//! Purges that are missed are found to be missing.

use crate::{
    instance::{Instance, tier},
    proxy::Proxy,
    server::RedisServer,
    stored,
};

/// Two instances, the second of which has `/posts/1` in its memory.
async fn with_a_post(one: &Instance, two: &Instance) {
    two.shares_with(one).await;
    one.shares_with(two).await;
    one.get("/posts/1").await;
    two.until("/posts/1", |answer| answer.is_local()).await;
}

#[tokio::test]
async fn a_subscriber_that_is_silently_cut_off_compares_the_numbers() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.port()).await;
    let (one, two) = (Instance::at(&server.url()), Instance::at(&proxy.url()));
    with_a_post(&one, &two).await;
    proxy.swallow_messages(true);
    one.cache.purge_tag("posts");
    two.until("/posts/1", |answer| answer.is_of_service()).await;
    assert!(proxy.swallowed() > 0);
    // As long as nothing is heard, the numbers go on to be compared.
    two.until("/posts/1", |answer| answer.is_local()).await;
    one.cache.purge_tag("posts");
    two.until("/posts/1", |answer| answer.is_of_service()).await;
    proxy.swallow_messages(false);
    two.shares_with(&one).await;
}

#[tokio::test]
async fn a_subscriber_whose_connection_is_closed_reads_what_it_has_missed() {
    let server = RedisServer::start();
    let [one, two] = [(); 2].map(|()| Instance::at(&server.url()));
    for round in 0..10 {
        with_a_post(&one, &two).await;
        if round % 2 == 0 {
            server.ask("CLIENT KILL TYPE pubsub");
        }
        one.cache.purge_tag("posts");
        if round % 2 == 1 {
            server.ask("CLIENT KILL TYPE pubsub");
        }
        two.until("/posts/1", |answer| answer.is_of_service()).await;
    }
}

#[tokio::test]
async fn when_everything_is_flushed_everything_is_purged() {
    let server = RedisServer::start();
    let [one, two] = [(); 2].map(|()| Instance::at(&server.url()));
    with_a_post(&one, &two).await;
    assert!(server.ask("FLUSHALL").starts_with("+OK"));
    // What was purged before cannot be known any more.
    two.until("/posts/1", |answer| answer.is_of_service()).await;
    one.shares_with(&two).await;
    two.shares_with(&one).await;
}

#[tokio::test]
async fn a_log_that_was_evicted_is_one_of_which_nothing_is_known() {
    let server = RedisServer::start();
    let [one, two] = [(); 2].map(|()| Instance::at(&server.url()));
    with_a_post(&one, &two).await;
    one.cache.purge_tag("other");
    stored::until(&server, |server| server.ask("EXISTS {weir:purges}:log").starts_with(":1")).await;
    server.ask("DEL {weir:purges}:log");
    // One that comes now has not heard of what it held, and what was written before may have been purged.
    let three = Instance::over(tier(&server.url()));
    three.shares_with(&one).await;
    assert!(three.get("/posts/1").await.is_of_service());
}

#[tokio::test]
async fn a_log_that_has_lost_its_end_is_begun_anew() {
    let server = RedisServer::start();
    let [one, two] = [(); 2].map(|()| Instance::at(&server.url()));
    with_a_post(&one, &two).await;
    for tag in ["a", "b", "c"] {
        one.cache.purge_tag(tag);
    }
    let number = |server: &RedisServer| server.ask("HGET {weir:purges}:about number");
    stored::until(&server, |server| number(server).contains("3")).await;
    let id = server.ask("HGET {weir:purges}:about id");
    // As by a replica that was behind when it was promoted.
    server.ask("HSET {weir:purges}:about number 2");
    server.ask("ZREMRANGEBYSCORE {weir:purges}:log 3 3");
    stored::until(&server, |server| server.ask("HGET {weir:purges}:about id") != id).await;
    two.until("/posts/1", |answer| answer.is_of_service()).await;
}

#[tokio::test]
async fn numbers_that_are_given_twice_hide_no_purge() {
    let server = RedisServer::start();
    let [one, two] = [(); 2].map(|()| Instance::at(&server.url()));
    with_a_post(&one, &two).await;
    let number = |server: &RedisServer| server.ask("HGET {weir:purges}:about number");
    for (at, tag) in ["a", "b", "c"].into_iter().enumerate() {
        one.cache.purge_tag(tag);
        stored::until(&server, |server| number(server).contains(&(at + 1).to_string())).await;
    }
    // Two has come to the third, too.
    two.shares_with(&one).await;
    assert!(two.get("/posts/1").await.is_local());
    // As by a server that comes back with what it had saved a while ago, at a time when purges wait to be sent.
    server.ask(
        "EVAL \"redis.call('HSET', KEYS[2], 'number', 0) redis.call('DEL', KEYS[1])\" 2 \
         {weir:purges}:log {weir:purges}:about",
    );
    for tag in ["posts", "d", "e", "f"] {
        one.cache.purge_tag(tag);
    }
    two.until("/posts/1", |answer| answer.is_of_service()).await;
}

#[tokio::test]
async fn who_may_not_read_the_log_does_not_fill_it() {
    let server = RedisServer::start();
    let rules = "~weir:* ~{weir:* &weir:* +@all -zrangebyscore";
    assert!(server.ask(&format!("ACL SETUSER half on >secret {rules}")).starts_with("+OK"));
    let half = Instance::at(&server.url_of("half", "secret"));
    half.cache.purge_tag("posts");
    stored::until(&server, |server| server.calls("publish") > 0).await;
    // Between one try and the next, the server has time for others.
    let answered = server.calls("ping");
    stored::until(&server, |server| {
        server.ask("PING");
        server.calls("ping") > answered + 200
    })
    .await;
    let published = server.calls("publish");
    assert!(published < 50, "it was sent {published} times");
}
