//! Hits, misses, and what is told of them.

use http::{Method, Request, StatusCode};
use tower_weir::cache::rules::Grace;

use crate::service::*;

#[tokio::test]
async fn a_response_is_given_again_until_it_is_stale() {
    let cached =
        Cached::new(|layer| layer, |_, call| answer(call, &[("cache-control", "max-age=60")]));
    let first = cached.get("/a").await;
    assert_eq!(
        (first.body().as_str(), field(&first, "cache-status")),
        ("call 0", "weir; fwd=uri-miss; stored")
    );
    cached.pass(59);
    let hit = cached.get("/a").await;
    assert_eq!((hit.body().as_str(), field(&hit, "cache-status")), ("call 0", "weir; hit; ttl=1"));
    assert_eq!(field(&hit, "age"), "59");
    cached.pass(1);
    let third = cached.get("/a").await;
    assert_eq!(
        (third.body().as_str(), field(&third, "cache-status")),
        ("call 1", "weir; fwd=stale; stored")
    );
    assert_eq!(cached.calls(), 2);
    let total = cached.cache.stats().total;
    assert_eq!((total.hits, total.misses), (1, 2));
}

#[tokio::test]
async fn a_head_is_answered_from_the_stored_get() {
    let cached =
        Cached::new(|layer| layer, |_, call| answer(call, &[("cache-control", "max-age=60")]));
    cached.get("/a").await;
    let head = cached.send(Request::head("/a").body(()).unwrap()).await;
    assert_eq!((head.body().as_str(), field(&head, "content-length")), ("", "6"));
    assert_eq!(cached.calls(), 1);
}

#[tokio::test]
async fn what_must_not_be_stored_is_not() {
    for fields in [
        &[("cache-control", "no-store, max-age=60")][..],
        &[("cache-control", "private, max-age=60")],
        &[("cache-control", "max-age=60"), ("set-cookie", "a=b")],
        &[("cache-control", "max-age=60"), ("vary", "*")],
        &[],
    ] {
        let cached = Cached::new(|layer| layer, move |_, call| answer(call, fields));
        cached.get("/a").await;
        assert_eq!(cached.get("/a").await.body(), "call 1", "{fields:?}");
    }
}

#[tokio::test]
async fn a_stale_response_is_confirmed_or_replaced() {
    let cached = Cached::new(
        |layer| layer,
        |request, call| {
            let mut response = answer(call, &[("cache-control", "max-age=60"), ("etag", "\"1\"")]);
            if request.headers().get("if-none-match").is_some_and(|tag| tag == "\"1\"") {
                *response.status_mut() = StatusCode::NOT_MODIFIED;
            }
            response
        },
    );
    cached.get("/a").await;
    cached.pass(61);
    let confirmed = cached.get("/a").await;
    assert_eq!((confirmed.status(), confirmed.body().as_str()), (StatusCode::OK, "call 0"));
    assert_eq!(field(&confirmed, "cache-status"), "weir; fwd=stale; fwd-status=304; stored");
    assert_eq!(field(&cached.get("/a").await, "cache-status"), "weir; hit; ttl=60");
    let known = cached.get_with("/a", &[("if-none-match", "\"1\"")]).await;
    assert_eq!((known.status(), known.body().as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(cached.calls(), 2);
}

#[tokio::test]
async fn a_stale_response_is_given_at_once_and_refreshed_once() {
    let cached = Cached::new(
        |layer| layer,
        |_, call| answer(call, &[("cache-control", "max-age=60, stale-while-revalidate=30")]),
    );
    cached.get("/a").await;
    cached.pass(61);
    assert_eq!(cached.get("/a").await.body(), "call 0");
    assert_eq!(cached.get("/a").await.body(), "call 1");
    assert_eq!(cached.calls(), 2);
}

#[tokio::test]
async fn a_stale_response_does_where_the_service_fails() {
    let cached = Cached::new(
        |layer| layer.grace(Grace { if_error: std::time::Duration::from_secs(600), ..Grace::NONE }),
        |_, call| {
            let mut response = answer(call, &[("cache-control", "max-age=60")]);
            if call > 0 {
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                response.headers_mut().clear();
            }
            response
        },
    );
    cached.get("/a").await;
    cached.pass(61);
    let stale = cached.get("/a").await;
    assert_eq!((stale.status(), stale.body().as_str()), (StatusCode::OK, "call 0"));
    assert_eq!(
        field(&stale, "cache-status"),
        "weir; fwd=stale; fwd-status=503; detail=stale-if-error"
    );
}

#[tokio::test]
async fn variants_are_kept_apart() {
    let cached = Cached::new(
        |layer| layer,
        |request, _| {
            let language = request
                .headers()
                .get("accept-language")
                .map_or("none", |value| value.to_str().unwrap());
            let mut response =
                answer(0, &[("cache-control", "max-age=60"), ("vary", "Accept-Language")]);
            *response.body_mut() = http_body_util::Full::from(language.to_owned());
            response
        },
    );
    for _ in 0..2 {
        for language in ["de", "en", "fr"] {
            assert_eq!(
                cached.get_with("/a", &[("accept-language", language)]).await.body(),
                language
            );
        }
        assert_eq!(cached.get("/a").await.body(), "none");
    }
    assert_eq!(cached.calls(), 4);
}

#[tokio::test]
async fn a_change_invalidates_what_is_stored() {
    let cached =
        Cached::new(|layer| layer, |_, call| answer(call, &[("cache-control", "max-age=60")]));
    cached.get("http://a/x?y").await;
    cached.send(Request::builder().method(Method::PUT).uri("http://a/x?y").body(()).unwrap()).await;
    assert_eq!(cached.get("http://a/x?y").await.body(), "call 2");
    cached.send(Request::builder().method("PURGEISH").uri("http://a/z").body(()).unwrap()).await;
    assert_eq!(cached.get("http://a/x?y").await.body(), "call 2");
}

#[tokio::test]
async fn purges_take_what_they_name() {
    let cached = Cached::new(
        |layer| layer,
        |request, call| {
            let tag = request.uri().path().trim_start_matches('/').to_owned();
            answer(call, &[("cache-control", "max-age=600"), ("surrogate-key", &tag)])
        },
    );
    let fill = async || {
        for path in ["http://h/a", "http://h/b"] {
            cached.get(path).await;
        }
    };
    let is_stored =
        async |path: &str| field(&cached.get(path).await, "cache-status").contains("hit");
    let cache = cached.cache.clone();
    let purges: [(&str, &dyn Fn()); 6] = [
        ("uri", &|| cache.purge(&"http://h/a".parse().unwrap())),
        ("path", &|| cache.purge(&"/a".parse().unwrap())),
        ("tag", &|| cache.purge_tag("a")),
        ("prefix", &|| cache.purge_prefix("/a")),
        ("prefix with host", &|| cache.purge_prefix("http://h/a")),
        ("pattern", &|| cache.purge_matching("https://h/a*".parse().unwrap())),
    ];
    for (name, purge) in purges {
        fill().await;
        assert!(is_stored("http://h/a").await && is_stored("http://h/b").await, "{name}");
        purge();
        assert!(!is_stored("http://h/a").await && is_stored("http://h/b").await, "{name}");
    }
    cache.purge_all();
    assert!(!is_stored("http://h/a").await && !is_stored("http://h/b").await);
    assert_eq!(field(&cached.get("http://h/a").await, "surrogate-key"), "");
}
