//! Upstreams that refuse, are silent, or break off.

use std::time::Duration;

use tokio::net::TcpSocket;

use crate::wire::*;

const GET: &str = "GET / HTTP/1.1\r\nHost: site\r\n\r\n";

fn is_problem(answered: &str, status: u16) {
    assert!(answered.starts_with(&format!("HTTP/1.1 {status} ")), "{answered}");
    assert_eq!(field(answered, "content-type"), "application/problem+json");
    assert_eq!(field(answered, "cache-control"), "no-store");
    let document: serde_json::Value = serde_json::from_str(body(answered)).unwrap();
    assert_eq!(document["status"], status);
    let did = field(answered, "cache-status");
    assert!(!did.contains("hit") && !did.contains("stored"), "{did}");
}

#[tokio::test]
async fn an_upstream_that_refuses_makes_a_problem_that_is_not_kept() {
    // Who does not listen refuses, and has the port for itself all the same.
    let deaf = TcpSocket::new_v4().unwrap();
    deaf.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let upstream = deaf.local_addr().unwrap().to_string();
    let file = cached(&[("ttl", "'60s'")]);
    let wire = Wire::with(&file, |args| args.upstream = upstream.parse().unwrap()).await;
    is_problem(&wire.ask(GET).await, 502);
    is_problem(&wire.ask(GET).await, 502);
}

#[tokio::test]
async fn a_silent_upstream_makes_a_problem_that_is_not_kept() {
    let wire = Wire::with(&cached(&[("ttl", "'60s'")]), |args| {
        args.timeouts.response = Duration::from_millis(20);
    })
    .await;
    for _ in 0..2 {
        let mut client = wire.client().await;
        client.send(GET).await;
        is_problem(&client.message().await, 504);
        assert!(wire.has_asked().await);
    }
}

#[tokio::test]
async fn an_upstream_that_leaves_before_its_response_makes_a_problem() {
    let wire = Wire::new(&[]).await;
    let mut client = wire.client().await;
    client.send(GET).await;
    let mut upstream = wire.upstream().await;
    upstream.head().await;
    drop(upstream);
    is_problem(&client.message().await, 502);
}

#[tokio::test]
async fn a_response_that_breaks_off_breaks_off_for_the_client_and_is_not_kept() {
    for broken in
        ["Content-Length: 8\r\n\r\npart", "Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\n"]
    {
        let wire = Wire::new(&[]).await;
        let mut client = wire.client().await;
        client.send(GET).await;
        let mut upstream = wire.upstream().await;
        upstream.head().await;
        upstream.send(&format!("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n{broken}")).await;
        client.until("part").await;
        drop(upstream);
        let rest = client.rest().await;
        assert!(!rest.contains("0\r\n\r\n"), "{rest:?}");
        let whole = answer("Cache-Control: max-age=60\r\n", "complete");
        assert_eq!(body(&wire.exchange(GET, &whole).await.answered), "complete");
        assert_eq!(body(&wire.ask(GET).await), "complete");
    }
}

#[tokio::test]
async fn a_response_that_cannot_be_passed_on_makes_a_problem() {
    for answered in [
        "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "SSH-2.0-OpenSSH\r\n\r\n",
    ] {
        let wire = Wire::new(&[]).await;
        is_problem(&wire.exchange(GET, answered).await.answered, 502);
    }
}

#[tokio::test]
async fn what_went_stale_does_where_the_upstream_fails() {
    let stale = answer("Cache-Control: max-age=60, stale-if-error=600\r\nAge: 61\r\n", "stale");
    let wire = Wire::new(&[]).await;
    wire.exchange(GET, &stale).await;
    let mut client = wire.client().await;
    client.send(GET).await;
    let mut upstream = wire.upstream().await;
    upstream.head().await;
    drop(upstream);
    let answered = client.message().await;
    assert_eq!(body(&answered), "stale");
    assert_eq!(
        field(&answered, "cache-status"),
        "weir; fwd=stale; fwd-status=502; detail=stale-if-error"
    );
}
