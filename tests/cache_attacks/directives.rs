//! `Cache-Control`, from those who should not have a say, or written to be misread (RFC 9111 section 5.2).

use crate::world::*;

/// Clients that would send all their requests past the cache that protects the service.
#[tokio::test]
async fn a_storm_of_clients_that_want_it_fresh() {
    let cached = Cached::plain(|_| fresh("page", &[]));
    cached.get("/").await;
    for field in [
        ("cache-control", "no-cache"),
        ("cache-control", "max-age=0"),
        ("cache-control", "min-fresh=4294967295"),
        ("pragma", "no-cache"),
    ] {
        assert!(cached.get_with("/", &[field]).await.is_hit(), "{field:?}");
    }
    assert_eq!(cached.calls(), 1);
}

/// RFC 9111 section 5.2.1.2: no client makes the cache give out what is stale.
#[tokio::test]
async fn stale_responses_on_request() {
    let cached = Cached::new(|layer| layer, |_, call| fresh(call.to_string(), &[]));
    cached.get("/").await;
    cached.pass(61);
    assert_eq!(cached.get_with("/", &[("cache-control", "max-stale=9999")]).await.text, "1");
}

/// RFC 9111 section 5.2.1.7: a 504 for one client is nobody else's.
#[tokio::test]
async fn denial_by_only_if_cached() {
    let cached = Cached::plain(|_| fresh("page", &[]));
    let denied = cached.get_with("/", &[("cache-control", "only-if-cached")]).await;
    assert_eq!(
        (denied.status.as_u16(), denied.field("cache-status")),
        (504, "weir; detail=only-if-cached")
    );
    assert_eq!(cached.get("/").await.text, "page");
    assert_eq!(cached.get_with("/", &[("cache-control", "only-if-cached")]).await.text, "page");
}

/// RFC 9111 section 5.2.1.5: what a client wants nobody to store neither is stored nor takes away what is.
#[tokio::test]
async fn eviction_by_a_request_with_no_store() {
    let cached = Cached::plain(|request| {
        let answer = said(
            "page",
            &[("etag", "\"1\""), ("cache-control", "max-age=60, stale-while-revalidate=600")],
        );
        if asked(request, "if-none-match") == "\"1\"" {
            with_status(304, answer).map(|_| Sent::default())
        } else {
            answer
        }
    });
    let no_store = [("cache-control", "no-store")];
    assert!(!cached.get_with("/", &no_store).await.is_hit());
    assert_eq!(cached.cache.stats().store.entries, 0);
    cached.get("/").await;
    cached.pass(61);
    for method in ["GET", "HEAD"] {
        cached.send(request(method, "/", &no_store)).await;
        assert_eq!(cached.cache.stats().store.entries, 1, "{method}");
    }
    cached.pass(1_000);
    for method in ["GET", "HEAD"] {
        cached.send(request(method, "/", &no_store)).await;
        assert_eq!(cached.cache.stats().store.entries, 1, "{method}");
    }
}

/// What forbids to store is heard, however it is written (RFC 9111 section 5.2, RFC 9110 section 5.6).
#[tokio::test]
async fn smuggling_past_what_forbids() {
    for lines in [
        &["max-age=60", "no-store"][..],
        &["max-age=60, NO-STORE"],
        &["max-age=60,no-store"],
        &["max-age=60 no-store"],
        &["max-age=60; no-store"],
        &["max-age=60, no-store=x"],
        &["max-age=60, no-store=\"\""],
        &["x=\"a, max-age=60, no-store"],
        &["max-age=\"60, no-store"],
        &[",,, ,no-store\t, max-age=60"],
        &["max-age=60, private"],
        &["max-age=60, private=\""],
        &["max-age=60, private=\"\""],
        &["max-age=60, private=\"not a name\""],
        &["no-cache, max-age=60"],
        &["max-age=60, max-age=0"],
        &["max-age=0, max-age=60"],
        &["max-age=60", "max-age=0"],
        &["s-maxage=0, max-age=60"],
        &["max-age=-60"],
        &["max-age=60.5"],
        &["max-age=6 0"],
        &["max-age=0x60"],
        &["max-age="],
        &["max-age"],
        &["max-age=\"6\\0\""],
        &["max-age=\u{661}"],
        &["xmax-age=60"],
        &["\"max-age=60\""],
    ] {
        let fields: Vec<_> = lines.iter().map(|line| ("cache-control", *line)).collect();
        let cached = Cached::new(|layer| layer, move |_, call| said(call.to_string(), &fields));
        cached.get("/").await;
        assert_eq!(cached.get("/").await.text, "1", "{lines:?}");
    }
}

/// A field in quotes hides what forbids from a reader that splits at commas, and shows it to one that does not.
#[tokio::test]
async fn smuggling_into_quotes() {
    let cached =
        Cached::plain(|_| said("", &[("cache-control", "x=\"no-store, private\", max-age=60")]));
    cached.get("/").await;
    assert!(cached.get("/").await.is_hit(), "an argument of another directive is none");
}

/// RFC 9213 section 2: a targeted field counts from the service alone.
#[tokio::test]
async fn targeted_fields_from_clients() {
    let cached = Cached::new(
        |layer| layer,
        |_, call| said(call.to_string(), &[("cache-control", "no-store")]),
    );
    let evil = [
        ("cdn-cache-control", "max-age=60"),
        ("surrogate-control", "max-age=60"),
        ("cache-control", "public, max-age=60"),
    ];
    cached.get_with("/", &evil).await;
    assert_eq!(cached.get_with("/", &evil).await.text, "1");
}

/// RFC 9213 section 2.2: one that is not written well counts as if it were not there, and what forbids counts then.
#[tokio::test]
async fn targeted_fields_that_are_not_written_well() {
    for broken in [
        "max-age=60;;",
        "max-age=\"60\"",
        "max-age=60, ,",
        "max-age=6.0",
        "max-age=",
        "",
        "max-age=60, max-age=",
        "MAX-AGE=60",
    ] {
        let cached = Cached::new(
            |layer| layer,
            move |_, call| {
                said(
                    call.to_string(),
                    &[("cdn-cache-control", broken), ("cache-control", "no-store")],
                )
            },
        );
        cached.get("/").await;
        assert_eq!(cached.get("/").await.text, "1", "{broken}");
    }
}
