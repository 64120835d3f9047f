use tokio::runtime::Builder;

use super::{
    super::{Failure, Redis, Status},
    recorded::recorded,
    server::{RedisServer, free_port},
    warnings::warnings,
    world::{PATIENCE, open, set, until_it_answers, until_it_is},
};

const SECRET: &str = "hunter2sesame";

/// What is logged and measured, and with what failure, by a connection that does not come about.
fn told_of(redis: &Redis) -> (String, String) {
    let mut told = (String::new(), String::new());
    let log = warnings(|| {
        let metrics = recorded(|| {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            let failure = runtime.block_on(async {
                let failure = set(redis, "key").await.unwrap_err();
                until_it_is(redis, Status::Down).await;
                failure
            });
            told.1 = format!("{failure} {failure:?} {redis:?}");
        });
        told.1 += &format!("{metrics:?}");
    });
    told.0 = log.join("\n");
    told
}

#[tokio::test]
async fn a_user_of_the_servers_list_is_served() {
    let server = RedisServer::start();
    server.ask(&format!("ACL SETUSER weir on >{SECRET} ~* &* +@all"));
    server.ask("ACL SETUSER default off");
    until_it_answers(&open(&server.url_of("weir", SECRET))).await;
    let redis = open(&server.url());
    assert!(set(&redis, "key").await.is_err(), "it takes a user");
}

#[test]
fn a_password_that_is_wrong_is_told_of_but_not_repeated() {
    let server = RedisServer::start();
    server.ask("ACL SETUSER weir on >another ~* &* +@all");
    let (log, rest) = told_of(&open(&server.url_of("weir", SECRET)));
    assert!(log.contains("Redis failed: ") && log.to_lowercase().contains("password"), "{log}");
    assert!(rest.contains("weir_redis_up{redis=redis}"), "{rest}");
    for told in [log, rest] {
        assert!(!told.contains(SECRET), "{told}");
    }
}

#[test]
fn nor_is_one_of_a_server_that_is_not_there() {
    let nobody = format!("redis://weir:{SECRET}@127.0.0.1:{}", free_port());
    let cluster = Redis::cluster([&nobody]).unwrap().timeout(PATIENCE).unwrap();
    for redis in [open(&nobody), cluster] {
        let (log, rest) = told_of(&redis);
        assert!(log.contains("left alone"), "{log}");
        for told in [log, rest] {
            assert!(!told.contains(SECRET), "{told}");
        }
    }
}

#[test]
fn it_is_logged_once_that_a_server_is_down() {
    let nobody = open(&format!("redis://127.0.0.1:{}", free_port()));
    let log = warnings(|| {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for _ in 0..50 {
                assert!(matches!(set(&nobody, "key").await, Err(Failure::Skipped)));
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        });
    });
    assert_eq!(log.len(), 1, "{log:?}");
}
