//! What a user of the server must be allowed to do.

use crate::{
    instance::{Instance, PATIENCE, tier},
    server::RedisServer,
};

/// As in the documentation of the module `redis`.
const RULES: &str = "~weir:* ~{weir:* &weir:* \
                     +ping +eval +evalsha +get +set +del +pttl +append +time +exists +hget +hmget +hset +zadd +zcard +zrange \
                     +zrangebyscore +zremrangebyrank +zremrangebyscore +pexpire +publish +subscribe";

#[tokio::test]
async fn a_user_needs_no_more_rights_than_documented() {
    let server = RedisServer::start();
    assert_eq!(
        server.ask(&format!("ACL SETUSER weir on >secret resetchannels {RULES}")),
        "+OK\r\n"
    );
    assert_eq!(server.ask("ACL LOG RESET"), "+OK\r\n");
    let [one, two] = [(); 2].map(|()| {
        Instance::over(tier(&server.url_of("weir", "secret")).flights(PATIENCE).unwrap())
    });
    one.shares_with(&two).await;
    two.shares_with(&one).await;
    one.get("/posts/1").await;
    two.until("/posts/1", |answer| answer.is_local()).await;
    one.cache.purge_tag("posts");
    two.until("/posts/1", |answer| answer.is_of_service()).await;
    let log = server.ask("ACL LOG");
    let refused: Vec<_> = log.lines().filter(|line| line.contains("cmd=")).collect();
    // How a client introduces itself is asked for and not needed.
    assert!(refused.iter().all(|line| line.contains("cmd=client")), "{refused:#?}");
}
