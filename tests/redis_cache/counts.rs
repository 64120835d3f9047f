//! What is told of purges, and how soon they come.

use crate::{instance::Instance, recorded::recorded, server::RedisServer};

#[test]
fn purges_that_are_sent_received_and_repaired_are_counted() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let metrics = recorded(|| {
        runtime.block_on(async {
            let server = RedisServer::start();
            let [one, two] = [(); 2].map(|()| Instance::at(&server.url()));
            one.shares_with(&two).await;
            two.shares_with(&one).await;
            for _ in 0..3 {
                two.get("/posts/1").await;
                one.cache.purge_tag("posts");
                two.until("/posts/1", |answer| answer.is_of_service()).await;
            }
            server.ask("CLIENT KILL TYPE pubsub");
            one.cache.purge_tag("posts");
            two.until("/posts/1", |answer| answer.is_of_service()).await;
        });
    });
    let count = |event| {
        let name = format!("weir_redis_purges_total{{redis=redis,event={event}}}");
        metrics.get(&name).copied().unwrap_or_default()
    };
    assert_eq!(count("sent"), 4.0);
    // The last one comes by message only if it is sent after the connection is there again.
    assert_eq!(count("received") + count("repaired"), 4.0, "{metrics:#?}");
    assert!(count("received") >= 3.0);
}
