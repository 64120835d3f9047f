use tokio::runtime::Builder;

use super::{
    super::{Failure, Redis, Use},
    recorded::recorded_counts,
    server::RedisServer,
    world::{open, set, until_it_answers},
};

#[test]
fn calls_are_counted_by_use_and_outcome() {
    let mut server = RedisServer::start();
    let redis = open(&server.url()).named("shared");
    let metrics = recorded_counts(|| {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            until_it_answers(&redis).await;
            let wrong = ::redis::cmd("LPUSH").arg("looked").arg(1).clone();
            assert!(redis.call::<u64>(Use::Cache, &wrong).await.is_err());
            server.freeze();
            assert!(matches!(set(&redis, "key").await, Err(Failure::TimedOut)));
            server.kill();
            while !matches!(purge(&redis).await, Err(Failure::Skipped)) {}
        });
    });
    let calls = |purpose: &str, outcome: &str| {
        let name =
            format!("weir_redis_calls_total{{redis=shared,use={purpose},outcome={outcome}}}");
        metrics[&name]
    };
    assert_eq!(calls("write", "timeout"), 1.0);
    assert!(calls("write", "ok") >= 1.0);
    assert_eq!((calls("cache", "ok"), calls("cache", "error")), (0.0, 1.0));
    assert_eq!(calls("purge", "skipped"), 1.0);
    let durations = |purpose: &str| {
        metrics[&format!("weir_redis_call_duration_seconds{{redis=shared,use={purpose}}}")]
    };
    assert_eq!(durations("write"), calls("write", "ok") + 1.0, "the one that timed out as well");
    assert_eq!(durations("cache"), 0.0, "an error is not timed");
    assert_eq!(metrics["weir_redis_up{redis=shared}"], 0.0);
}

async fn purge(redis: &Redis) -> Result<u64, Failure> {
    redis.call(Use::Purge, ::redis::cmd("DEL").arg("key")).await
}
