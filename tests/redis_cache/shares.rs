//! What one stores, others have.

use std::time::Duration;

use tower_weir::{clock::Clock, redis::RedisCache};

use crate::{
    instance::{Instance, tier},
    recorded::recorded,
    server::RedisServer,
    stored::{keys, records, until_records},
};

#[tokio::test]
async fn what_one_stores_is_a_hit_in_the_other() {
    let server = RedisServer::start();
    let [one, two] = [(); 2].map(|()| Instance::at(&server.url()));
    one.shares_with(&two).await;
    two.shares_with(&one).await;
    let calls = (one.calls(), two.calls());
    let records = records(&server);
    let first = one.get("/a").await;
    assert!(first.is_of_service());
    until_records(&server, records + 1).await;
    let second = two.get("/a").await;
    assert!(second.is_shared(), "{second:?}");
    assert_eq!(first.body, second.body);
    // From now on it is in memory.
    assert!(two.get("/a").await.is_local());
    assert_eq!((one.calls(), two.calls()), (calls.0 + 1, calls.1));
}

#[tokio::test]
async fn a_response_larger_than_allowed_is_not_written() {
    let server = RedisServer::start();
    let limited = || Instance::over(tier(&server.url()).max_object_bytes(10_000));
    let [one, two] = [limited(), limited()];
    one.shares_with(&two).await;
    two.shares_with(&one).await;
    let records = records(&server);
    one.get("/large?size=10001").await;
    one.get("/small?size=1000").await;
    until_records(&server, records + 1).await;
    assert!(two.get("/small?size=1000").await.is_shared());
    assert!(two.get("/large?size=10001").await.is_of_service());
}

#[tokio::test]
async fn ages_do_not_depend_on_what_time_a_process_takes_it_to_be() {
    let server = RedisServer::start();
    let instance = |clock| Instance::with(tier(&server.url()), |layer| layer.clock(clock));
    let (clock, _hand) = Clock::manual();
    let (late, hand) = Clock::manual();
    hand.advance(Duration::from_secs(3_600));
    let [one, two] = [clock, late].map(instance);
    one.shares_with(&two).await;
    two.shares_with(&one).await;
    let before = records(&server);
    one.get("/a").await;
    until_records(&server, before + 1).await;
    let answer = two.get("/a").await;
    assert!(answer.is_shared(), "{answer:?}");
    assert!(answer.age <= 60, "{answer:?}");
    // Its lifetime ends here as it does there.
    hand.advance(Duration::from_secs(601));
    assert!(!two.get("/a").await.is_local());
}

#[tokio::test]
async fn what_is_altered_in_the_server_is_a_miss() {
    let server = RedisServer::start();
    let [one, two] = [(); 2].map(|()| Instance::at(&server.url()));
    one.shares_with(&two).await;
    two.shares_with(&one).await;
    let before = keys(&server);
    one.get("/a").await;
    until_records(&server, before.len() + 1).await;
    let key = keys(&server).into_iter().find(|key| !before.contains(key)).unwrap();
    let alterations = [
        "SETRANGE {} 0 zzz",
        "SETRANGE {} 20 zzz",
        "SETRANGE {} 100 zzz",
        "SET {} garbage",
        "PERSIST {}",
    ];
    for alteration in alterations {
        server.ask(&format!("PEXPIRE {key} 60000"));
        let answer = server.ask(&alteration.replace("{}", &key));
        assert!(!answer.starts_with('-'), "{answer}");
        let two = Instance::at(&server.url());
        two.shares_with(&one).await;
        assert!(two.get("/a").await.is_of_service(), "{alteration}");
        // It has written the whole one again.
        let three = Instance::at(&server.url());
        three.shares_with(&one).await;
        three.until("/a", |answer| !answer.is_of_service()).await;
    }
}

type Limit = fn(RedisCache) -> RedisCache;

#[test]
fn what_there_is_no_room_for_is_not_written_and_counted() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let no_writes = |tier: RedisCache| tier.max_queued_writes(0, 64 << 20);
    let no_bytes = |tier: RedisCache| tier.max_queued_writes(4_096, 1_000);
    let too_large = |tier: RedisCache| tier.max_object_bytes(1_000);
    let limits: [(&str, Limit); 3] =
        [("dropped", no_writes), ("dropped", no_bytes), ("too_large", too_large)];
    for (outcome, limit) in limits {
        let metrics = recorded(|| {
            runtime.block_on(async {
                let server = RedisServer::start();
                let one = Instance::over(limit(tier(&server.url())));
                let two = Instance::at(&server.url());
                one.shares_with(&two).await;
                let before = records(&server);
                one.get("/a?size=2000").await;
                one.get("/b?size=2000").await;
                two.get("/c").await;
                until_records(&server, before + 1).await;
                assert!(two.get("/a?size=2000").await.is_of_service());
            });
        });
        let written =
            format!("weir_cache_second_tier_writes_total{{cache=shared,outcome={outcome}}}");
        assert!(metrics.get(&written).is_some_and(|count| *count >= 2.0), "{metrics:#?}");
    }
}
