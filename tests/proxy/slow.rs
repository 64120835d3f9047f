//! Clients that hold connections without using them. Each test waits for as long as it gives the client.

use std::time::Duration;

use crate::wire::*;

const SHORT: Duration = Duration::from_millis(20);
const GET: &str = "GET / HTTP/1.1\r\nHost: site\r\n\r\n";

#[tokio::test]
async fn a_head_that_does_not_come_to_its_end_is_not_waited_for() {
    for begun in ["", "GET / HTTP/1.1\r\nHost: si", "PRI * HT", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    {
        let wire = Wire::with("watch = false", |args| args.timeouts.header = SHORT).await;
        let mut client = wire.client().await;
        client.send(begun).await;
        client.ended().await;
    }
}

#[tokio::test]
async fn a_connection_that_is_not_used_again_is_closed() {
    let wire = Wire::with("watch = false", |args| {
        (args.timeouts.idle, args.timeouts.header) = (SHORT, SHORT);
    })
    .await;
    for begun in ["", "GET / HTTP/1.1\r\nHo"] {
        let mut client = wire.client().await;
        client.send(GET).await;
        let mut upstream = wire.upstream().await;
        upstream.head().await;
        upstream.send(&answer("", "fine")).await;
        assert_eq!(body(&client.message().await), "fine");
        client.send(begun).await;
        client.ended().await;
    }
}

#[tokio::test]
async fn a_request_may_take_longer_than_a_connection_may_idle() {
    let wire = Wire::with("watch = false", |args| args.timeouts.idle = SHORT).await;
    let mut client = wire.client().await;
    client.send(GET).await;
    let mut upstream = wire.upstream().await;
    upstream.head().await;
    tokio::time::sleep(3 * SHORT).await;
    upstream.send(&answer("", "late")).await;
    assert_eq!(body(&client.message().await), "late");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_not_waited_for() {
    let wire = Wire::with("watch = false", |args| args.timeouts.idle = SHORT).await;
    let mut client = wire.client().await;
    client.send(GET).await;
    let mut upstream = wire.upstream().await;
    upstream.head().await;
    upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n").await;
    upstream.flood().await;
}

#[tokio::test]
async fn clients_beyond_the_most_wait_for_their_turn() {
    let wire = Wire::with("watch = false", |args| args.max_connections = 1).await;
    let mut first = wire.client().await;
    first.send(GET).await;
    let mut upstream = wire.upstream().await;
    upstream.head().await;
    let mut second = wire.client().await;
    second.send(GET).await;
    upstream.send(&answer("Connection: close\r\n", "one")).await;
    assert_eq!(body(&first.message().await), "one");
    assert!(!wire.has_asked().await, "the second was not to be served yet");
    drop(first);
    let mut upstream = wire.upstream().await;
    upstream.head().await;
    upstream.send(&answer("", "two")).await;
    assert_eq!(body(&second.message().await), "two");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let wire = Wire::with("watch = false", |_| {}).await;
    let large = format!("GET / HTTP/1.1\r\nHost: site\r\nX: {}\r\n\r\n", "x".repeat(80 << 10));
    assert!(wire.ask(&large).await.starts_with("HTTP/1.1 431 "));
    let many = format!("GET / HTTP/1.1\r\nHost: site\r\n{}\r\n", "X: 1\r\n".repeat(200));
    assert!(wire.ask(&many).await.starts_with("HTTP/1.1 431 "));
}
