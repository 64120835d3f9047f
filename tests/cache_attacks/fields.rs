//! Fields that are too many, too large, or say what they must not.

use crate::world::*;

/// CVE-2019-9518 and its like: thousands of fields in a request.
#[tokio::test]
async fn a_flood_of_fields_in_a_request() {
    let cached = Cached::plain(|_| fresh("page", &[]));
    let names: Vec<_> = (0..20_000).map(|n| format!("x-{n}")).collect();
    let fields: Vec<_> = names.iter().map(|name| (name.as_str(), "v")).collect();
    assert_eq!(cached.get_with("/", &fields).await.text, "page");
    assert_eq!(cached.get("/").await.text, "page");
}

/// As many names as a map of fields can hold: one more would be a panic.
#[tokio::test]
async fn a_map_of_fields_that_is_full() {
    let names: Vec<_> = (0..32_768).map(|n| format!("x-{n}")).collect();
    let full: http::HeaderMap = names
        .iter()
        .map_while(|name| {
            Some((http::HeaderName::from_bytes(name.as_bytes()).ok()?, "v".parse().ok()?))
        })
        .fold(http::HeaderMap::new(), |mut full, (name, value)| {
            let _ = full.try_append(name, value);
            full
        });
    assert!(full.clone().try_append("one-more", "v".parse().unwrap()).is_err());
    let told = full.clone();
    let cached = Cached::plain(move |_| {
        let mut answer = fresh("page", &[]);
        answer.headers_mut().clone_from(&told);
        answer
    });
    for fields in [full, http::HeaderMap::new()] {
        let mut request = get("/", &[]);
        *request.headers_mut() = fields;
        assert_eq!(cached.send(request).await.text, "page");
    }
}

/// A response with more fields than anyone needs is passed on, and not stored.
#[tokio::test]
async fn a_flood_of_fields_in_a_response() {
    let names: Vec<_> = (0..20_000).map(|n| format!("x-{n}")).collect();
    let cached = Cached::plain(move |_| {
        let fields: Vec<_> = names.iter().map(|name| (name.as_str(), "v")).collect();
        fresh("page", &fields)
    });
    for _ in 0..2 {
        assert_eq!(cached.get("/").await.text, "page");
    }
    assert_eq!(cached.calls(), 2);
}

/// A value of a megabyte.
#[tokio::test]
async fn a_field_that_is_huge() {
    let cached = Cached::plain(|request| {
        fresh(
            "page",
            &[
                ("x-huge", &"v".repeat(1 << 20)),
                ("vary", "x-huge"),
                ("x-sent", &asked(request, "x-huge").len().to_string()),
            ],
        )
    });
    for _ in 0..2 {
        let got = cached.get_with("/", &[("x-huge", &"v".repeat(1 << 20))]).await;
        assert_eq!(got.field("x-sent"), (1 << 20).to_string());
    }
    assert!(cached.cache.stats().store.bytes < 16 << 20);
}

/// Tags that no purge would find must not be dropped in silence.
#[tokio::test]
async fn a_flood_of_tags() {
    let tags: Vec<_> = (0..5_000).map(|n| format!("tag-{n}")).collect();
    let cached = Cached::plain(move |_| fresh("page", &[("surrogate-key", &tags.join(" "))]));
    for _ in 0..2 {
        let got = cached.get("/").await;
        assert!(!got.is_hit() && got.field("surrogate-key").is_empty());
    }
}

/// Klein, "Divide and Conquer: HTTP Response Splitting", 2004: nothing that a client sends gets into the fields of the cache.
#[tokio::test]
async fn splitting_of_responses() {
    let cached = Cached::plain(|_| fresh("page", &[]));
    for uri in ["/%0d%0aset-cookie:%20a=b", "/?%0d%0a%0d%0ahtml", "/%00", "/\u{a0}"] {
        let Ok(request) =
            http::Request::get(uri).header("host", "a").header("range", "bytes=\u{85}0-1").body(())
        else {
            continue;
        };
        let got = cached.send(request).await;
        let values = got.fields.iter().filter(|(name, _)| *name != "date");
        for (name, value) in values {
            assert!(value.as_bytes().iter().all(|byte| (b' '..=b'~').contains(byte)), "{name}");
        }
        assert!(!got.fields.contains_key("set-cookie"));
    }
}

/// What caches nearer to the service said is kept, however it is written (RFC 9211 section 2).
#[tokio::test]
async fn forgery_of_what_the_cache_did() {
    let cached = Cached::plain(|_| {
        fresh("page", &[("cache-status", "weir; hit; ttl=99"), ("cache-status", "\u{e9}\"")])
    });
    cached.get("/").await;
    let got = cached.get("/").await;
    let told: Vec<_> =
        got.fields.get_all("cache-status").iter().map(|value| value.as_bytes()).collect();
    assert!(told.concat().ends_with(b"weir; hit; ttl=60"));
}

/// RFC 9111 section 3.1: fields of the connection are nobody else's, and `Connection` does not hide what forbids to store.
#[tokio::test]
async fn smuggling_by_fields_of_the_connection() {
    let cached = Cached::plain(|_| {
        fresh(
            "page",
            &[
                ("connection", "x-hop, keep-alive"),
                ("x-hop", "1"),
                ("keep-alive", "timeout=5"),
                ("x-kept", "1"),
            ],
        )
    });
    cached.get("/").await;
    let got = cached.get("/").await;
    assert!(got.is_hit() && got.field("x-kept") == "1");
    for name in ["connection", "x-hop", "keep-alive"] {
        assert_eq!(got.field(name), "", "{name}");
    }
    for fields in [
        &[("connection", "cache-control"), ("cache-control", "no-store")][..],
        &[("connection", "vary"), ("vary", "*")],
        &[("connection", "cache-control"), ("cache-control", "private")],
    ] {
        let cached = Cached::new(|layer| layer, move |_, call| fresh(call.to_string(), fields));
        cached.get("/").await;
        assert_eq!(cached.get("/").await.text, "1", "{fields:?}");
    }
}
