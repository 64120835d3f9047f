use std::time::Duration;

use tower_weir::redis::{Redis, Status};

const SECRET: &str = "hunter2";

#[test]
fn urls_of_all_forms_are_taken() {
    for url in [
        "redis://localhost",
        "redis://localhost:6380/3",
        "redis://:hunter2@[::1]:6379",
        "redis://user:hunter2@10.0.0.1/0",
        "unix:///run/redis.sock?db=1&user=weir&pass=hunter2",
        "valkey://localhost",
    ] {
        let redis = Redis::open(url).unwrap();
        assert_eq!(redis.status(), Status::Connecting);
        assert!(!format!("{redis:?}").contains(SECRET), "{redis:?}");
    }
}

#[test]
fn a_url_that_is_none_is_refused_without_its_password() {
    for url in [
        "",
        "hunter2",
        "localhost:6379",
        "hunter2@localhost",
        "http://user:hunter2@localhost",
        "redis://user:hunter2@",
        "redis://user:hunter2@localhost:port",
        "redis://user:hunter2@localhost:70000",
        "redis://user:hunter2@localhost/hunter2",
        "redis://user:hunter2@localhost?protocol=hunter2",
        "redis://user:%FFhunter2@localhost",
        "redis://user:hunter2@0.0.0.0",
        "hunter2://localhost",
    ] {
        let alone = Redis::open(url).unwrap_err();
        let node = Redis::cluster(["redis://localhost", url]).unwrap_err();
        for error in [alone, node] {
            assert_eq!(error.field(), "Redis URL");
            assert!(error.allowed().contains("redis://"), "{error}");
            assert!(!format!("{error} {error:?}").contains(SECRET), "{error:?}");
        }
    }
}

#[test]
fn nodes_of_one_cluster_have_the_same_user() {
    let error = |urls: &[&str]| {
        let error = Redis::cluster(urls.iter()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(SECRET), "{error:?}");
        error.allowed().to_owned()
    };
    assert!(error(&[]).contains("one node's or more"));
    assert!(error(&["unix:///run/redis.sock?pass=hunter2"]).contains("host and port"));
    assert!(error(&["redis://:hunter2@one", "redis://:other@two"]).contains("same user"));
    assert!(Redis::cluster(["redis://:hunter2@one", "redis://:hunter2@two"]).is_ok());
}

#[test]
#[cfg(not(feature = "redis-tls"))]
fn tls_takes_its_feature() {
    let error = Redis::open("rediss://user:hunter2@localhost").unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid Redis URL `rediss://…`: TLS needs the feature `redis-tls` of tower-weir"
    );
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let redis = || Redis::open("redis://localhost").unwrap();
    for prefix in ["", "a b", "a{b", "a}b", "a\nb"] {
        assert_eq!(redis().prefixed(prefix).unwrap_err().field(), "prefix");
    }
    assert!(redis().prefixed("shop:eu").is_ok());
    assert_eq!(redis().timeout(Duration::ZERO).unwrap_err().field(), "timeout");
    assert_eq!(redis().connect_timeout(Duration::ZERO).unwrap_err().field(), "connect timeout");
}
