//! What is kept, and to whom it is given.

use crate::wire::*;

const GET: &str = "GET /a HTTP/1.1\r\nHost: site\r\n\r\n";
const FRESH: &str = "Cache-Control: max-age=600\r\n";

fn get(fields: &str) -> String {
    format!("GET /a HTTP/1.1\r\nHost: site\r\n{fields}\r\n")
}

fn is_hit(answered: &str) -> bool {
    field(answered, "cache-status").starts_with("weir; hit")
}

#[tokio::test]
async fn the_second_request_is_answered_without_the_upstream() {
    let wire = Wire::new(&[]).await;
    let fields = format!("{FRESH}ETag: \"1\"\r\nAge: 5\r\n");
    let first = wire.exchange(GET, &answer(&fields, "0123456789")).await.answered;
    assert_eq!(field(&first, "cache-status"), "weir; fwd=uri-miss; stored");
    let hit = wire.ask(GET).await;
    assert!(is_hit(&hit) && body(&hit) == "0123456789", "{hit}");
    assert!(field(&hit, "age").parse::<u32>().unwrap() >= 5);
    assert_eq!(field(&hit, "via"), "1.1 weir");
    assert_eq!(field(&hit, "date"), field(&first, "date"));

    let head = wire.ask("HEAD /a HTTP/1.1\r\nHost: site\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200 ") && is_hit(&head), "{head}");
    assert_eq!(field(&head, "content-length"), "10");

    let known = wire.ask(&get("If-None-Match: W/\"1\"\r\n")).await;
    assert!(known.starts_with("HTTP/1.1 304 ") && is_hit(&known), "{known}");
    assert_eq!((body(&known), field(&known, "etag").as_str()), ("", "\"1\""));

    let part = wire.ask(&get("Range: bytes=2-4\r\n")).await;
    assert!(part.starts_with("HTTP/1.1 206 ") && is_hit(&part), "{part}");
    assert_eq!((body(&part), field(&part, "content-range").as_str()), ("234", "bytes 2-4/10"));
    let beyond = wire.ask(&get("Range: bytes=10-\r\n")).await;
    assert!(beyond.starts_with("HTTP/1.1 416 "), "{beyond}");
}

#[tokio::test]
async fn a_chunked_response_is_kept_with_its_trailers() {
    let wire = Wire::new(&[]).await;
    let chunked = "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTrailer: x-sum\r\nTransfer-Encoding: chunked\r\n\r\n\
                   4\r\nbody\r\n0\r\nX-Sum: 7\r\n\r\n";
    let request = get("TE: trailers\r\nConnection: te\r\n");
    for is_first in [true, false] {
        let mut client = wire.client().await;
        client.send(&request).await;
        if is_first {
            let mut upstream = wire.upstream().await;
            upstream.head().await;
            upstream.send(chunked).await;
        }
        let all = client.until("x-sum: 7\r\n\r\n").await;
        assert!(all.contains("4\r\nbody\r\n0\r\n"), "{all}");
    }
}

#[tokio::test]
async fn a_response_that_sets_a_cookie_is_kept_only_if_told_to() {
    let cookie = answer(&format!("{FRESH}Set-Cookie: id=1\r\n"), "x");
    let wire = Wire::new(&[]).await;
    wire.exchange(GET, &cookie).await;
    let again = wire.exchange(GET, &cookie).await.answered;
    assert!(field(&again, "cache-status").ends_with("detail=pass"), "{again}");
    let wire = Wire::new(&[("set_cookie", "'share'")]).await;
    wire.exchange(GET, &cookie).await;
    assert_eq!(field(&wire.ask(GET).await, "set-cookie"), "id=1");
}

#[tokio::test]
async fn what_a_proxy_in_front_says_of_the_client_is_told_apart() {
    let wire = Wire::new(&[]).await;
    for told in [
        "X-Forwarded-Host: a\r\n",
        "X-Forwarded-Host: b\r\n",
        "X-Forwarded-Port: 1\r\n",
        "X-Forwarded-Proto: https\r\n",
        "",
    ] {
        let told = get(told);
        wire.exchange(&told, &answer(FRESH, &told)).await;
        assert_eq!(body(&wire.ask(&told).await), told);
    }
    for told in
        ["Forwarded: host=a\r\n", "X-Original-URL: /b\r\n", "X-HTTP-Method-Override: PUT\r\n"]
    {
        let passed = wire.exchange(&get(told), &answer(FRESH, "not for others")).await;
        assert!(passed.asked.to_ascii_lowercase().contains(&told.to_ascii_lowercase()));
        assert_eq!(
            field(&passed.answered, "cache-status"),
            "weir; fwd=bypass; detail=unkeyed-header"
        );
    }
    assert_ne!(body(&wire.ask(GET).await), "not for others");
}

#[tokio::test]
async fn hosts_share_nothing() {
    let wire = Wire::new(&[]).await;
    wire.exchange(GET, &answer(FRESH, "site's")).await;
    let other =
        wire.exchange("GET /a HTTP/1.1\r\nHost: other\r\n\r\n", &answer(FRESH, "other's")).await;
    assert_eq!(body(&other.answered), "other's");
    assert_eq!(
        body(&wire.ask("GET http://site/a HTTP/1.1\r\nHost: other\r\n\r\n").await),
        "site's"
    );
}

#[tokio::test]
async fn a_change_drops_what_was_kept() {
    let wire = Wire::new(&[]).await;
    wire.exchange(GET, &answer(FRESH, "old")).await;
    let change = "PUT /a HTTP/1.1\r\nHost: site\r\nContent-Length: 1\r\n\r\nx";
    let changed = wire.exchange(change, &answer("", "")).await;
    assert_eq!(
        (body(&changed.asked), field(&changed.answered, "cache-status").as_str()),
        ("x", "weir; fwd=method")
    );
    assert_eq!(body(&wire.exchange(GET, &answer(FRESH, "new")).await.answered), "new");
}

#[tokio::test]
async fn what_is_too_large_passes_and_is_not_kept() {
    let wire = Wire::new(&[("max_object_bytes", "4")]).await;
    let chunked = format!(
        "HTTP/1.1 200 OK\r\n{FRESH}Transfer-Encoding: chunked\r\n\r\n5\r\nlarge\r\n0\r\n\r\n"
    );
    for large in [answer(FRESH, "large"), chunked] {
        for _ in 0..2 {
            let answered = wire.exchange(GET, &large).await.answered;
            assert!(body(&answered).contains("large"), "{answered}");
        }
    }
}

#[tokio::test]
async fn the_file_reaches_the_cache() {
    let silent = answer("", "x");
    let wire = Wire::new(&[("ttl", "'60s'")]).await;
    wire.exchange(GET, &silent).await;
    assert!(is_hit(&wire.ask(GET).await));

    let modified = answer("Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n", "x");
    let wire = Wire::new(&[]).await;
    wire.exchange(GET, &modified).await;
    assert!(is_hit(&wire.ask(GET).await));
    let wire = Wire::new(&[("heuristic", "false")]).await;
    wire.exchange(GET, &modified).await;
    wire.exchange(GET, &modified).await;

    let again = get("Cache-Control: no-cache\r\n");
    let wire = Wire::new(&[("client_directives", "'ignore'"), ("cache_status", "false")]).await;
    wire.exchange(&again, &answer(FRESH, "x")).await;
    assert_eq!(field(&wire.ask(&again).await, "cache-status"), "");
    let wire = Wire::new(&[]).await;
    wire.exchange(&again, &answer(FRESH, "x")).await;
    wire.exchange(&again, &answer(FRESH, "x")).await;

    let wire = Wire::with("watch = false", |_| {}).await;
    wire.exchange(GET, &answer(FRESH, "x")).await;
    assert_eq!(field(&wire.exchange(GET, &answer(FRESH, "x")).await.answered, "cache-status"), "");
}
