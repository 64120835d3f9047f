//! Conditional requests (RFC 9110 section 13, RFC 9111 section 4.3).

use crate::world::*;

/// A client's condition must not make a 304 the answer to all who have nothing.
#[tokio::test]
async fn poisoning_by_a_condition() {
    let cached = Cached::plain(|request| {
        let known =
            asked(request, "if-none-match") != "-" || asked(request, "if-modified-since") != "-";
        if known { with_status(304, fresh("", &[])) } else { fresh("page", &[("etag", "\"1\"")]) }
    });
    for condition in [
        ("if-none-match", "\"1\""),
        ("if-none-match", "*"),
        ("if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT"),
    ] {
        cached.get_with("/", &[condition]).await;
        let got = cached.get("/").await;
        assert_eq!((got.status.as_u16(), got.text.as_str()), (200, "page"), "{condition:?}");
        cached.cache.purge_all();
    }
}

/// A condition that fails must not be the answer to those who have none (RFC 9110 section 13.1.1).
#[tokio::test]
async fn denial_by_a_precondition() {
    let cached = Cached::plain(|request| {
        let strict =
            asked(request, "if-match") != "-" || asked(request, "if-unmodified-since") != "-";
        if strict { with_status(412, fresh("", &[])) } else { fresh("page", &[]) }
    });
    for condition in
        [("if-match", "\"0\""), ("if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT")]
    {
        assert_eq!(cached.get_with("/", &[condition]).await.status, 412);
        assert_eq!(cached.get("/").await.status, 200);
        assert_eq!(
            cached.get_with("/", &[condition]).await.status,
            412,
            "only the service can judge it"
        );
    }
}

/// A service that answers 304 to who asked for the whole, or 412: nobody else gets it.
#[tokio::test]
async fn poisoning_by_an_answer_to_no_condition() {
    let cached = Cached::new(
        |layer| layer,
        |_, call| match call {
            0 => with_status(304, fresh("", &[("etag", "\"1\"")])),
            1 => with_status(412, fresh("", &[])),
            _ => fresh("page", &[]),
        },
    );
    cached.get("/").await;
    cached.get("/").await;
    assert_eq!(cached.get("/").await.text, "page");
}

/// RFC 9111 section 4.3.4: a 304 that names another version updates nothing. It is given once, since the service said of it that
/// it has not changed.
#[tokio::test]
async fn confirmation_of_another_version() {
    let cached = Cached::new(
        |layer| layer,
        |request, call| match (call, asked(request, "if-none-match")) {
            (0, _) => fresh("old", &[("etag", "\"1\"")]),
            (_, "\"1\"") => with_status(304, fresh("", &[("etag", "\"2\"")])),
            _ => fresh("new", &[("etag", "\"2\"")]),
        },
    );
    cached.get("/").await;
    cached.pass(61);
    assert_eq!(cached.get("/").await.text, "old");
    assert_eq!(cached.get("/").await.text, "new");
}

/// Dates that are none, or from the future, tell nothing (RFC 9110 section 13.1.3).
#[tokio::test]
async fn garbage_in_if_modified_since() {
    let cached =
        Cached::plain(|_| fresh("page", &[("last-modified", "Wed, 01 Jan 2020 00:00:00 GMT")]));
    cached.get("/").await;
    for since in ["", "x", "-1", "99999999999999999999", "Wed, 99 Jan 2020 00:00:00 GMT", "\u{e9}"]
    {
        let request = http::Request::get("/")
            .header("if-modified-since", http::HeaderValue::from_bytes(since.as_bytes()).unwrap());
        let got = cached.send(request.body(()).unwrap()).await;
        assert_eq!((got.status.as_u16(), got.text.as_str()), (200, "page"), "{since}");
    }
}

/// A client that has a private version learns nothing of what is stored for others but whether it is the same.
#[tokio::test]
async fn an_oracle_by_conditions() {
    let cached = Cached::plain(|request| {
        said(
            asked(request, "authorization"),
            &[("etag", "\"secret\""), ("cache-control", "max-age=60")],
        )
    });
    cached.get_with("/", &[("authorization", "alice")]).await;
    let got = cached.get_with("/", &[("if-none-match", "\"secret\"")]).await;
    assert!(!got.field("cache-status").contains("hit"), "nothing of hers is there: {got:?}");
}

/// A 304 that sets a cookie, varies by all, or forbids: what is stored takes nothing of that over to others.
#[tokio::test]
async fn poisoning_by_the_fields_of_a_304() {
    for field in [
        ("set-cookie", "session=1"),
        ("vary", "*"),
        ("cache-control", "no-store"),
        ("cache-control", "private"),
    ] {
        let cached = Cached::new(
            |layer| layer,
            move |request, call| match (call, asked(request, "if-none-match")) {
                (1, "\"1\"") => with_status(304, said("", &[field])),
                _ => fresh(call.to_string(), &[("etag", "\"1\"")]),
            },
        );
        cached.get("/").await;
        cached.pass(61);
        cached.get("/").await;
        let third = cached.get("/").await;
        assert_eq!(third.text, "2", "{field:?}");
        assert_eq!(third.field("set-cookie"), "");
    }
}
