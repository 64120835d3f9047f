//! Answers to something else than a GET.

use crate::world::*;

/// Found in caches by probes: an empty page for all who GET after a HEAD (RFC 9110 section 9.3.2).
#[tokio::test]
async fn a_head_that_is_stored_as_a_get() {
    let cached = Cached::plain(|request| {
        fresh(if request.method() == http::Method::HEAD { "" } else { "page" }, &[])
    });
    for _ in 0..2 {
        assert_eq!(cached.send(request("HEAD", "/", &[])).await.text, "");
    }
    assert_eq!(cached.get("/").await.text, "page");
    let head = cached.send(request("HEAD", "/", &[])).await;
    assert!(head.is_hit() && head.text.is_empty() && head.field("content-length") == "4");
    assert_eq!(cached.get("/").await.text, "page");
}

/// A HEAD that comes when the response is stale neither takes it away nor keeps others from a fresh one (RFC 9111 section 4.3.5).
#[tokio::test]
async fn eviction_by_a_head() {
    let cached = Cached::plain(|request| {
        let known = request.headers().contains_key("if-none-match");
        let answer = said(
            "page",
            &[("etag", "\"1\""), ("cache-control", "max-age=60, stale-while-revalidate=60")],
        );
        if known { with_status(304, answer).map(|_| Sent::default()) } else { answer }
    });
    cached.get("/").await;
    for late in [61, 121] {
        cached.pass(late);
        cached.send(request("HEAD", "/", &[])).await;
        let got = cached.get("/").await;
        assert!(got.is_hit() && got.text == "page", "after {late} s: {got:?}");
        assert!(!got.field("cache-status").contains("ttl=-"), "it was made fresh: {got:?}");
    }
}

/// Found in caches by probes: what was meant to be done is not, and all get one's answer.
#[tokio::test]
async fn a_post_that_is_answered_from_the_cache() {
    let cached = Cached::new(|layer| layer, |_, call| fresh(call.to_string(), &[]));
    for (call, method) in [
        "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "QUERY", "CONNECT",
    ]
    .into_iter()
    .enumerate()
    {
        let got = cached.send(request(method, "/", &[])).await;
        assert_eq!(got.text, call.to_string(), "{method}");
        assert_eq!(got.field("cache-status"), "weir; fwd=method", "{method}");
    }
    assert_eq!(cached.get("/").await.text, "10", "and none of these was stored for a GET");
    assert_eq!(
        cached.send(request("POST", "/", &[])).await.text,
        "11",
        "nor is that given to a POST"
    );
}

/// Kettle 2020, "fat GET" (CVE-2020-28473 and others): a body that is not in the key.
#[tokio::test]
async fn poisoning_by_the_body_of_a_get() {
    let cached = Cached::plain(|request| {
        let evil =
            asked(request, "content-length") != "-" || asked(request, "transfer-encoding") != "-";
        fresh(if evil { "evil" } else { "page" }, &[])
    });
    for fat in [("content-length", "5"), ("transfer-encoding", "chunked"), ("content-length", "+0")]
    {
        assert_eq!(cached.get_with("/", &[fat]).await.text, "evil");
        assert_eq!(cached.get("/").await.text, "page");
    }
}

/// The same over HTTP/2, where no field need tell of a body (Kettle, "HTTP/2: The Sequel is Always Worse", 2021).
#[tokio::test]
async fn poisoning_by_the_body_of_a_get_over_http2() {
    let cached = Cached::plain(|request| {
        let evil = request.extensions().get::<HasBody>().is_some_and(|body| body.0);
        fresh(if evil { "evil" } else { "page" }, &[])
    });
    for poison_first in [true, false] {
        for version in [http::Version::HTTP_2, http::Version::HTTP_3] {
            let mut fat = get("/", &[]).map(|()| http_body_util::Full::from("q=evil"));
            *fat.version_mut() = version;
            if !poison_first {
                cached.get("/").await;
            }
            assert_eq!(cached.send_body(fat).await.text, "evil");
            let mut plain = get("/", &[]);
            *plain.version_mut() = version;
            assert_eq!(cached.send(plain).await.text, "page");
            cached.cache.purge_all();
        }
    }
}

/// RFC 9110 section 7.8: after a 101 the connection is no longer HTTP.
#[tokio::test]
async fn an_upgrade_that_is_stored() {
    let cached = Cached::new(
        |layer| layer,
        |request, call| {
            let upgrade = request.headers().contains_key("upgrade");
            with_status(if upgrade { 101 } else { 200 }, fresh(call.to_string(), &[]))
        },
    );
    let upgrade = [("connection", "upgrade"), ("upgrade", "websocket")];
    for _ in 0..2 {
        let got = cached.get_with("/", &upgrade).await;
        assert_eq!(
            (got.status.as_u16(), got.field("cache-status")),
            (101, "weir; fwd=bypass; detail=upgrade")
        );
    }
    assert_eq!(cached.get("/").await.text, "2");
}
