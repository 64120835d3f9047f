//! Bodies pass as they come.

use crate::wire::*;

const PIECE: &str = "4\r\npart\r\n";

#[tokio::test]
async fn a_response_reaches_the_client_before_its_end() {
    for file in [cached(&[]), "watch = false".to_owned()] {
        let wire = Wire::with(&file, |_| {}).await;
        let mut client = wire.client().await;
        client.send("GET / HTTP/1.1\r\nHost: site\r\n\r\n").await;
        let mut upstream = wire.upstream().await;
        upstream.head().await;
        upstream
            .send("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n")
            .await;
        client.head().await;
        for _ in 0..3 {
            upstream.send(PIECE).await;
            assert_eq!(client.until("\r\npart\r\n").await, PIECE);
        }
        upstream.send("0\r\n\r\n").await;
        assert_eq!(client.until("\r\n\r\n").await, "0\r\n\r\n");
    }
}

#[tokio::test]
async fn a_request_reaches_the_upstream_before_its_end() {
    let wire = Wire::new(&[]).await;
    let mut client = wire.client().await;
    client.send("POST / HTTP/1.1\r\nHost: site\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    client.send(PIECE).await;
    let mut upstream = wire.upstream().await;
    upstream.head().await;
    assert_eq!(upstream.until("\r\npart\r\n").await, PIECE);
    client.send(PIECE).await;
    assert_eq!(upstream.until("\r\npart\r\n").await, PIECE);
    client.send("0\r\n\r\n").await;
    assert_eq!(upstream.until("\r\n\r\n").await, "0\r\n\r\n");
    upstream.send(&answer("", "done")).await;
    assert_eq!(body(&client.message().await), "done");
}

#[tokio::test]
async fn interim_responses_pass_and_leave_nothing_in_what_is_kept() {
    let wire = Wire::new(&[]).await;
    let mut client = wire.client().await;
    client.send("GET / HTTP/1.1\r\nHost: site\r\n\r\n").await;
    let mut upstream = wire.upstream().await;
    upstream.head().await;
    upstream.send("HTTP/1.1 103 Early Hints\r\nLink: </style>\r\n\r\n").await;
    let interim = client.head().await;
    assert!(interim.starts_with("HTTP/1.1 103 ") && field(&interim, "link") == "</style>");
    upstream.send(&answer("Cache-Control: max-age=60\r\n", "final")).await;
    assert_eq!(body(&client.message().await), "final");
    let hit = wire.ask("GET / HTTP/1.1\r\nHost: site\r\n\r\n").await;
    assert_eq!((body(&hit), field(&hit, "link").as_str()), ("final", ""));
}

#[tokio::test]
async fn those_who_come_while_a_response_is_coming_read_it_too() {
    let wire = Wire::new(&[]).await;
    let request = "GET / HTTP/1.1\r\nHost: site\r\n\r\n";
    let mut first = wire.client().await;
    first.send(request).await;
    let mut upstream = wire.upstream().await;
    upstream.head().await;
    upstream
        .send("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 8\r\n\r\npart")
        .await;
    first.until("\r\n\r\npart").await;
    let mut second = wire.client().await;
    second.send(request).await;
    let head = second.until("\r\n\r\npart").await;
    assert_eq!(field(&head, "cache-status"), "weir; fwd=uri-miss; collapsed");
    upstream.send("full").await;
    assert_eq!(
        (first.until("full").await, second.until("full").await),
        ("full".into(), "full".into())
    );
    assert!(!wire.has_asked().await);
}

#[tokio::test]
async fn those_who_want_the_same_part_share_it_and_others_do_not() {
    let wire = Wire::new(&[]).await;
    let request =
        |range: &str| format!("GET / HTTP/1.1\r\nHost: site\r\nRange: bytes={range}\r\n\r\n");
    let head = |range: &str| {
        format!(
            "HTTP/1.1 206 Partial Content\r\nCache-Control: max-age=60\r\nContent-Length: 8\r\nContent-Range: bytes {range}/99\r\n\r\n"
        )
    };
    let mut first = wire.client().await;
    first.send(&request("0-7")).await;
    let mut upstream = wire.upstream().await;
    upstream.head().await;
    upstream.send(&(head("0-7") + "part")).await;
    first.until("\r\n\r\npart").await;
    let other = wire.exchange(&request("8-15"), &(head("8-15") + "elsewhre")).await;
    assert_eq!(body(&other.answered), "elsewhre");
    let mut second = wire.client().await;
    second.send(&request("0-7")).await;
    let told = second.until("\r\n\r\npart").await;
    assert_eq!(field(&told, "cache-status"), "weir; fwd=partial; collapsed");
    assert_eq!(field(&told, "content-range"), "bytes 0-7/99");
    upstream.send("full").await;
    assert_eq!(
        (first.until("full").await, second.until("full").await),
        ("full".into(), "full".into())
    );
    assert!(!wire.has_asked().await);
}

#[tokio::test]
async fn a_response_is_kept_although_its_client_left() {
    let wire = Wire::new(&[]).await;
    let request = "GET / HTTP/1.1\r\nHost: site\r\n\r\n";
    let mut client = wire.client().await;
    client.send(request).await;
    let mut upstream = wire.upstream().await;
    upstream.head().await;
    upstream
        .send("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 8\r\n\r\npart")
        .await;
    client.until("part").await;
    drop(client);
    let mut second = wire.client().await;
    second.send(request).await;
    second.until("part").await;
    upstream.send("full").await;
    second.until("full").await;
    assert_eq!(
        field(&wire.ask(request).await, "cache-status").split("; ttl").next(),
        Some("weir; hit")
    );
}

#[tokio::test]
async fn a_proxy_that_is_to_end_ends_what_is_under_way_first() {
    let wire = Wire::new(&[]).await;
    let mut client = wire.client().await;
    client.send("GET / HTTP/1.1\r\nHost: site\r\n\r\n").await;
    let mut upstream = wire.upstream().await;
    upstream.head().await;
    wire.end().await;
    upstream.send(&answer("", "all of it")).await;
    assert_eq!(body(&client.message().await), "all of it");
    assert_eq!(client.rest().await, "");
    assert!(wire.ended().await);
}
