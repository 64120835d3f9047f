//! Servers that are there, and do not do as they are asked for a while.

use std::time::Duration;

use tower_weir::{
    rate_limit::{Fallback, Quota, RateLimitLayer},
    redis::{Redis, Status},
};

use crate::{
    Limited,
    server::{RedisServer, free_port},
    service, shared, status,
    until::{until, until_it_is},
};

fn strict(redis: &Redis) -> Limited {
    let layer = RateLimitLayer::new(Quota::per_hour(500_000)).named("api");
    service(&shared(redis, layer).fallback(Fallback::FailClosed))
}

fn open(url: &str) -> Redis {
    Redis::open(url).unwrap().timeout(Duration::from_secs(5)).unwrap()
}

async fn until_it_says(wanted: u16, service: &Limited) {
    until_it_is(async || status(service).await == wanted).await;
}

#[tokio::test]
async fn connections_that_are_closed_again_and_again_hold_nobody_up() {
    let server = RedisServer::start();
    let redis = open(&server.url());
    let service = strict(&redis);
    for _ in 0..5 {
        until_it_says(200, &service).await;
        server.ask("CLIENT KILL TYPE normal SKIPME yes");
        until(|| redis.status() != Status::Up).await;
        assert_eq!(status(&service).await, 503);
    }
    until_it_says(200, &service).await;
}

#[tokio::test]
async fn a_primary_that_becomes_a_replica_is_left_until_it_is_one_again() {
    let server = RedisServer::start();
    let service = strict(&open(&server.url()));
    until_it_says(200, &service).await;
    assert!(server.ask(&format!("REPLICAOF 127.0.0.1 {}", free_port())).starts_with("+OK"));
    until_it_says(503, &service).await;
    assert!(server.ask("REPLICAOF NO ONE").starts_with("+OK"));
    until_it_says(200, &service).await;
}

#[tokio::test]
async fn a_user_whose_rights_and_password_change_is_served_when_it_has_them_again() {
    let server = RedisServer::start();
    let set =
        |rules: &str| assert!(server.ask(&format!("ACL SETUSER weir {rules}")).starts_with("+OK"));
    set("on >p@ss/:?# ~* &* +@all");
    let service = strict(&open(&server.url_of("weir", "p%40ss%2F%3A%3F%23")));
    until_it_says(200, &service).await;
    set("-@all");
    until_it_says(503, &service).await;
    set("+@all resetpass >another");
    until_it_says(200, &service).await;
    // Whoever has to connect anew is told that the password is wrong.
    server.ask("CLIENT KILL TYPE normal SKIPME yes");
    until_it_says(503, &service).await;
    set(">p@ss/:?#");
    until_it_says(200, &service).await;
}

#[tokio::test]
async fn a_server_that_takes_no_more_clients_is_found_when_it_does() {
    let server = RedisServer::start();
    let service = strict(&open(&server.url()));
    until_it_says(200, &service).await;
    let others: Vec<_> = {
        // One for this test to speak to it.
        assert!(server.ask("CONFIG SET maxclients 2").starts_with("+OK"));
        assert!(server.ask("CLIENT KILL TYPE normal").starts_with(':'));
        let connect = || std::net::TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        (0..3).map(|_| connect()).collect()
    };
    until_it_says(503, &service).await;
    drop(others);
    until_it_says(200, &service).await;
}

#[tokio::test]
async fn a_socket_and_a_database_of_its_own_are_as_good() {
    let socket = std::env::temp_dir().join(format!("weir-{}.sock", std::process::id()));
    let socket = socket.to_str().unwrap();
    let server = RedisServer::with(&["--unixsocket", socket]);
    for url in [format!("unix://{socket}?db=3"), format!("{}5", server.url())] {
        until_it_says(200, &strict(&open(&url))).await;
    }
    let keyspace = server.ask("INFO keyspace");
    assert!(keyspace.contains("db3:") && keyspace.contains("db5:"), "{keyspace}");
    // A server that is killed leaves it behind.
    std::fs::remove_file(socket).unwrap();
}
