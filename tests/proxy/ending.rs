//! The end of the proxy, and files that change while it runs.

use std::time::Duration;

use crate::wire::*;

const GET: &str = "GET / HTTP/1.1\r\nHost: site\r\n\r\n";

#[tokio::test]
async fn what_does_not_end_in_time_is_cut_off_and_that_is_told() {
    let drain = Duration::from_millis(20);
    let wire = Wire::with("watch = false", |args| args.timeouts.drain = drain).await;
    let mut client = wire.client().await;
    client.send(GET).await;
    let _upstream = wire.upstream().await;
    wire.end().await;
    client.ended().await;
    assert!(!wire.ended().await);
}

#[tokio::test]
async fn a_second_wish_ends_it_at_once() {
    let wire = Wire::with("watch = false", |_| {}).await;
    let mut client = wire.client().await;
    client.send(GET).await;
    let _upstream = wire.upstream().await;
    wire.end().await;
    wire.end().await;
    assert!(!wire.ended().await);
}

#[tokio::test]
async fn an_answer_that_is_still_to_come_says_that_it_is_the_last() {
    let wire = Wire::with("watch = false", |_| {}).await;
    let mut client = wire.client().await;
    client.send(GET).await;
    let mut upstream = wire.upstream().await;
    upstream.head().await;
    wire.end().await;
    // Nobody is served any more once the listener is gone.
    while tokio::net::TcpStream::connect(wire.address).await.is_ok() {}
    upstream.send(&answer("", "last")).await;
    let last = client.message().await;
    assert_eq!((body(&last), field(&last, "connection").as_str()), ("last", "close"));
    assert!(wire.ended().await);
}

#[tokio::test]
async fn a_file_that_is_read_again_holds_for_the_next_request_of_a_connection() {
    let wire = Wire::with("watch = false", |_| {}).await;
    let mut client = wire.client().await;
    client.send(GET).await;
    let mut upstream = wire.upstream().await;
    upstream.head().await;
    // It changes while a request is under way.
    wire.file.write(&cached(&[]));
    wire.handle.reload().unwrap();
    upstream.send(&answer("Cache-Control: max-age=60\r\n", "old")).await;
    let before = client.message().await;
    assert_eq!((body(&before), field(&before, "cache-status").as_str()), ("old", ""));
    client.send(GET).await;
    upstream.head().await;
    upstream.send(&answer("Cache-Control: max-age=60\r\n", "new")).await;
    let after = client.message().await;
    assert_eq!(field(&after, "cache-status"), "weir; fwd=uri-miss; stored");

    wire.file.write("nonsense = [");
    assert!(wire.handle.reload().is_err());
    client.send(GET).await;
    assert!(field(&client.message().await, "cache-status").starts_with("weir; hit"));
}
